#!/usr/bin/env bash
# Catastrophic forgetting and what mends it: scripts/forgetting.sh [--steps N] [--dir DIR] prints a table.
# A model learns names, then goes on with passwords: what it knew of names is lost. With a share of every batch replayed from the
# names it is not. The passwords are prepared with the vocabulary of the names and what is new; so the new model begins with all that the
# old one knew.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"

steps=1500 dir=$root/target/forgetting
take_options "steps dir" "$@"
build
dir=$(new_directory "$dir")
say_failures "$dir"
config=$root/conf/names.conf

prepare() { # name, more options...
  local name=$1
  shift
  "$root/jobs/prepare.sh" --config "$config" --input "$root/data-samples/$name.txt" --out "$dir/$name" \
    --set model.block-size=32 "$@" >>"$dir/prepare.log" 2>&1
}

train() { # run, dataset, more options...
  local run=$1 data=$2
  shift 2
  "$root/jobs/train.sh" --no-spark --config "$config" --data "$dir/$data" --out "$dir/$run" --set model.block-size=32 \
    --set "train.steps=$steps" --set "train.eval-every=$steps" --set "train.checkpoint-every=$steps" "$@" >"$dir/$run.log" 2>&1
}

perplexity() { # run, dataset: of its test part
  "$root/jobs/evaluate.sh" --no-spark --json --model "$dir/$1" --data "$dir/$2" 2>>"$dir/$1.log" |
    sed -n 's/.*"test":{[^}]*"perplexity":\([0-9.E+-]*\).*/\1/p'
}

row() { # name, run
  printf '| %-42s | %21.2f | %25.2f |\n' "$1" "$(perplexity "$2" names)" "$(perplexity "$2" passwords)"
}

prepare names
prepare passwords --set "data.vocabulary=$dir/names"
train names-only names
for share in 0 0.05 0.1 0.25 0.5; do
  more=()
  [ "$share" = 0 ] || more=(--set "data.replay=$dir/names" --set "data.replay-fraction=$share")
  train "then-$share" passwords --set "train.init-from=$dir/names-only" "${more[@]}"
done
train passwords-only passwords

echo "| model                                      | names, test perplexity | passwords, test perplexity |"
echo "|---|---|---|"
printf '| %-42s | %21.2f | %25s |\n' "names alone" "$(perplexity names-only names)" "(other vocabulary)"
row "then passwords" then-0
for share in 0.05 0.1 0.25 0.5; do
  row "then passwords, $share of each batch replayed" "then-$share"
done
row "passwords alone" passwords-only
