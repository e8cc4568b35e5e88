/* A stand-in for libFuzzer where clang is absent: PROGRAM RUNS [CORPUS FILE...]
 *
 * Each file of the corpus is run as it is, then RUNS inputs made from them: random bytes, or a file
 * with a few bytes flipped, cut, repeated or spliced. The same arguments give the same inputs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 4096 };

typedef struct input {
  uint8_t data[MAX_INPUT];
  size_t size;
} input;

static uint64_t state = 1;
static const char meaningful[] = "/?%.*:[](){}|\\\r\n"; /* and the NUL at its end */

static size_t below(size_t bound) { return bound ? (size_t)(mc_splitmix64(&state) % bound) : 0; }

/* The library reads past no end if the input has an exact heap block of its own. */
static void run(const input *in) {
  uint8_t *exact = malloc(in->size ? in->size : 1);
  if (!exact) abort();
  memcpy(exact, in->data, in->size);
  LLVMFuzzerTestOneInput(exact, in->size);
  free(exact);
}

static void mutate(input *in, const input *other) {
  for (size_t edits = 1 + below(6); edits--;) {
    size_t at = below(in->size), length = below(in->size - at) % 32;
    switch (below(5)) {
      case 0: /* another byte, often one that means something */
        if (in->size) in->data[at] = below(2) ? (uint8_t)below(256) : (uint8_t)meaningful[below(sizeof meaningful)];
        break;
      case 1: /* cut */
        memmove(in->data + at, in->data + at + length, in->size - at - length);
        in->size -= length;
        break;
      case 2: /* repeat */
        if (in->size + length > MAX_INPUT) break;
        memmove(in->data + at + length, in->data + at, in->size - at);
        in->size += length;
        break;
      case 3: { /* splice */
        size_t from = below(other->size), take = other->size - from;
        if (at + take > MAX_INPUT) take = MAX_INPUT - at;
        memmove(in->data + at, other->data + from, take);
        if (at + take > in->size) in->size = at + take;
        break;
      }
      default: /* one more byte */
        if (in->size < MAX_INPUT) in->data[in->size++] = (uint8_t)below(256);
    }
  }
}

int main(int argc, char **argv) {
  size_t runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, count = argc > 2 ? (size_t)argc - 2 : 0;
  input *corpus = calloc(count + 1, sizeof *corpus), *in = malloc(sizeof *in);
  if (!corpus || !in) return 1;
  for (size_t i = 0; i < count; i++) {
    FILE *file = fopen(argv[i + 2], "rb");
    if (!file) {
      perror(argv[i + 2]);
      return 1;
    }
    corpus[i].size = fread(corpus[i].data, 1, MAX_INPUT, file);
    fclose(file);
    run(&corpus[i]);
  }
  for (size_t i = 0; i < runs; i++) {
    if (count && below(8)) {
      *in = corpus[below(count)];
    } else {
      in->size = below(1 + below(256));
      for (size_t k = 0; k < in->size; k++) in->data[k] = (uint8_t)(below(4) ? 32 + below(95) : below(256));
    }
    mutate(in, &corpus[below(count + 1)]);
    run(in);
  }
  free(corpus);
  free(in);
  printf("%zu inputs of the corpus, %zu made\n", count, runs);
  return 0;
}
