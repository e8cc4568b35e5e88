"""The analyzers of istioctl, one a file: the same codes, severities and judgement."""
