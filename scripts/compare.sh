#!/usr/bin/env bash
# Several runs in one picture: scripts/compare.sh RUN RUN... --out FILE
# Runs may be on any Hadoop file system; no Spark is started.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"
submit compare "$@"
