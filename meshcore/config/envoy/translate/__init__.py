"""From Envoy's messages to the model, with the checks that Envoy makes when it loads them."""
