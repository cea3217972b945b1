#!/usr/bin/env bash
# Trains a model: jobs/train.sh [--config FILE] [--data PATH] [--out RUN] [--resume] [--no-spark [--threads N]] [--set key=value]...
# With no configuration and no data it trains the given names of data-samples/.
# What spark-submit takes (--master, --conf, --deploy-mode, ...) passes through; --help shows the rest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/submit.sh"
case " $* " in
  *" --config"* | *" --data"* | *" --resume"* | *" --help"* | *" -h "*) submit train "$@" ;;
  *) submit train --config "$root/conf/names.conf" --set "data.path=file://$root/data-samples/names.txt" "$@" ;;
esac
