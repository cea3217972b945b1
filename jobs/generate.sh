#!/usr/bin/env bash
# Completes prompts: jobs/generate.sh --model RUN_OR_CHECKPOINT (--prompt TEXT | --prompts PATH --out PATH) [--temperature T]...
# What spark-submit takes (--master, --conf, --deploy-mode, ...) passes through; --help shows the rest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/submit.sh"
submit generate "$@"
