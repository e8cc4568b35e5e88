/* Expected values come from the reference implementations: the xxhash package, libstdc++'s std::hash. */
#include "base/hash.h"

#include "base/rng.h"
#include "check.h"

static unsigned char bytes[200];

static void test_xxh64(void) {
  static const struct {
    size_t size;
    uint64_t plain, seeded, wide; /* seeds 0, 1 and MC_SPLITMIX64_STEP */
  } cases[] = {
    {0, 0xef46db3751d8e999u, 0xd5afba1336a3be4bu, 0xc4349fc93c010000u},
    {1, 0xa96c7f0ce858bbb7u, 0x0766883a0a47a96au, 0x585882422a6165e7u},
    {3, 0xbed43740ee6332bbu, 0x95ba63f005e6e6cau, 0x45fa1406538fa168u},
    {4, 0xfa212ae44b3bb23du, 0x319607b5ca9d59d4u, 0xa65107f22943365au},
    {7, 0x2744460dd675d2c0u, 0x0047cdce49d4bc99u, 0xc9b637e2c4599de2u},
    {8, 0x994b676b71ce94ddu, 0xc14d78e582fe5026u, 0xce592d5f53e192ecu},
    {12, 0xb92f588ce720786eu, 0x23eb959821a629a9u, 0xbc37a5ae43141b1au},
    {16, 0x94ad0095e72b24d5u, 0x0c9b8f12f2ae6c76u, 0x3f8fea7c86a04013u},
    {31, 0x6711d55e306b5d8fu, 0xe811d10b03941e82u, 0x24c4e99ab0404b5eu},
    {32, 0x07f7b8e3bc5d6e25u, 0xdf4f0f6ea84ebbcau, 0x046e99bbda1a814bu},
    {33, 0x09f85eeb4e1cbe9fu, 0x489f1772049e476cu, 0xd7fe2bfee6e4cdedu},
    {39, 0xb13c137a0fb701c3u, 0xe14770f2361b5307u, 0x5fed1b08fdcb15f5u},
    {63, 0xb7c9968c066cb6a5u, 0xbe65bc64322f219bu, 0xbd457f9ea47180c8u},
    {64, 0x50d4159a0411632eu, 0x8ea281ce694f574du, 0xa768f350a8e4fcf6u},
    {100, 0x9ddada11d3dc2d8fu, 0xe6a0d25e6e0a7f2au, 0x35546bd9a4779ae4u},
    {200, 0x3b8cc7eaa63f107eu, 0xed33bc0054b2ead0u, 0xcd5273f408a4cfbcu},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_INT(mc_xxh64(bytes, cases[i].size, 0), cases[i].plain);
    CHECK_INT(mc_xxh64(bytes, cases[i].size, 1), cases[i].seeded);
    CHECK_INT(mc_xxh64(bytes, cases[i].size, MC_SPLITMIX64_STEP), cases[i].wide);
  }
  CHECK_INT(mc_xxh64(NULL, 0, 0), 0xef46db3751d8e999u);
}

static void test_murmur2(void) {
  static const struct {
    size_t size;
    uint64_t hash;
  } cases[] = {
    {0, 0x553e93901e462a6eu},  {1, 0xe2e622597c18899du},  {3, 0x4ed8cc85a1546d7eu},
    {7, 0xc8fc17f432c55d19u},  {8, 0xe565d858db2e334du},  {9, 0xa933032c3532b360u},
    {15, 0xdf44445c38f8a6eeu}, {16, 0xb28e64275c9fa96au}, {31, 0xcc2d5a1e10b4015du},
    {64, 0x296d8a52cc4fc6f2u}, {100, 0x97606db54204beau},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_INT(mc_murmur2(bytes, cases[i].size, MC_STD_HASH_SEED), cases[i].hash);
  }
  CHECK_INT(mc_murmur2("hello", 5, 12345), 0x431b1b800fc8e766u);
}

/* Neither reads a word that is not aligned as if it were, nor past the end. */
static void test_unaligned(void) {
  unsigned char shifted[108];
  for (size_t shift = 1; shift < 8; shift++) {
    memcpy(shifted + shift, bytes, 100);
    CHECK_INT(mc_xxh64(shifted + shift, 100, 0), 0x9ddada11d3dc2d8fu);
    CHECK_INT(mc_murmur2(shifted + shift, 100, MC_STD_HASH_SEED), 0x97606db54204beau);
  }
}

static void test_splitmix64(void) {
  static const uint64_t expected[] = {
    6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u, 16408922859458223821u,
  };
  uint64_t state = 1234567;
  for (size_t i = 0; i < 5; i++) CHECK_INT(mc_splitmix64(&state), expected[i]);
}

static void test_xoshiro256(void) {
  static const uint64_t expected[] = {
    11520, 0, 1509978240, 1215971899390074240u, 1216172134540287360u, 607988272756665600u,
  };
  mc_xoshiro256 rng = {{1, 2, 3, 4}};
  for (size_t i = 0; i < 6; i++) CHECK_INT(mc_xoshiro256_next(&rng), expected[i]);
  mc_xoshiro256 a = mc_xoshiro256_of(7), b = mc_xoshiro256_of(7), c = mc_xoshiro256_of(8);
  uint64_t first = mc_xoshiro256_next(&a);
  CHECK(first == mc_xoshiro256_next(&b));
  CHECK(first != mc_xoshiro256_next(&c));
}

int main(void) {
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 131 + 7);
  test_xxh64();
  test_murmur2();
  test_unaligned();
  test_splitmix64();
  test_xoshiro256();
  return check_finish();
}
