#!/usr/bin/env bash
# Makes a dataset of token shards: jobs/prepare.sh --input PATH --out DATASET [--config FILE] [--set key=value]...
# What spark-submit takes (--master, --conf, --deploy-mode, ...) passes through; --help shows the rest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/submit.sh"
submit prepare "$@"
