#!/usr/bin/env bash
# Measures a model: jobs/evaluate.sh --model RUN_OR_CHECKPOINT [--data PATH] [--contamination] [--per-document OUT] [--json]
# Ranks rows by their loss: jobs/evaluate.sh --model RUN_OR_CHECKPOINT --rank FILE [--template TEXT] [--choices A,B] [--label NAME]
# What spark-submit takes (--master, --conf, --deploy-mode, ...) passes through; --help shows the rest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/submit.sh"
submit evaluate "$@"
