#!/usr/bin/env bash
# Is the memory of a job of completions flat in the number of its rows? Makes prompts, completes them on one executor of 2 GB with two cores (a cluster of
# its own, scripts/cluster.sh) and prints, some seconds apart, the rows that are done, what lives in the heap of driver and executor after a full
# collection, and what the system has given them: scripts/soak-generate.sh [--prompts N] [--every SECONDS] [--model RUN] [--max-tokens N] [--dir DIR]
# --prompts N     lines of one to four letters (default 10000000); --every SECONDS  between two lines of the table (default 30)
# --model RUN     what completes them (default: a model of names, trained for 200 steps); --max-tokens N  of a completion (default 8)
# --dir DIR       of the cluster, the prompts and the completions, kept (default target/soak-generate)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"

prompts=10000000 every=30 model= max_tokens=8 dir=$root/target/soak-generate
take_options "prompts every model max-tokens dir" "$@"

build
tools=$(dirname "$(readlink -f "$(command -v "$java")")")
[ -x "$tools/jcmd" ] || missing "a JDK, not only a Java runtime: there is no jcmd" openjdk-17-jdk java-17-openjdk-devel openjdk@17
dir=$(new_directory "$dir")
say_failures "$dir"
if [ -z "$model" ]; then
  model=$dir/model
  "$root/jobs/train.sh" --no-spark --config "$root/conf/names.conf" --data "$root/data-samples/names.txt" --out "$model" \
    --set train.steps=200 >"$dir/train.out" 2>&1
fi
awk -v n="$prompts" 'BEGIN {
  srand(1)
  for (i = 0; i < n; i++) {
    line = ""
    for (letters = 1 + int(4 * rand()); letters > 0; letters--) line = line sprintf("%c", 97 + int(26 * rand()))
    print line
  }
}' >"$dir/prompts.txt"

"$root/scripts/cluster.sh" start --workers 1 --cores 2 --memory 2g --dir "$dir/cluster" >&2
job=
trap '[ -z "$job" ] || kill "$job" 2>/dev/null || true; "$root/scripts/cluster.sh" stop --dir "$dir/cluster" >&2' EXIT
"$root/jobs/generate.sh" --master "$(<"$dir/cluster/spark.url")" --executor-memory 2g --model "$model" --prompts "$dir/prompts.txt" \
  --out "$dir/completions" --max-tokens "$max_tokens" >"$dir/generate.out" 2>"$dir/generate.err" &
job=$!

jvm() { # class: the process of this job, which works in the cluster's directory or has it among its arguments
  local pid
  for pid in $("$tools/jps" -l | awk -v class="$1" '$2 ~ class { print $1 }'); do
    case $(readlink "/proc/$pid/cwd") in "$dir"/*) echo "$pid" && return ;; esac
    ! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qF "$dir/completions" || { echo "$pid" && return; }
  done
}

live() { # pid: what a full collection leaves in the heap, in MB
  "$tools/jcmd" "$1" GC.run >/dev/null
  "$tools/jcmd" "$1" GC.heap_info | awk '
    match($0, /used [0-9]+K/) && $0 !~ /Metaspace|class space/ { kb += substr($0, RSTART + 5, RLENGTH - 6) }
    END { printf "%.0f", kb / 1024 }'
}

resident() { # pid, in MB
  awk '/^VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status" 2>/dev/null || ps -o rss= -p "$1" | awk '{ printf "%.0f", $1 / 1024 }'
}

columns() { # pid
  [ -z "$1" ] && echo "gone" || echo "$(live "$1" 2>/dev/null) / $(resident "$1" 2>/dev/null)"
}

echo "| seconds | rows | rows/s | executor of 2 GB: live heap / resident, MB | driver |"
echo "|---|---|---|---|---|"
begun=$SECONDS next=$every
while kill -0 "$job" 2>/dev/null; do
  if [ $((SECONDS - begun)) -ge "$next" ]; then
    # The progress line: "1,234 rows  5/12 parts  617 rows/s  0:07 left".
    done_so_far=$(grep -E -o '[0-9,]+ rows  [0-9,]+/[0-9,]+ parts  [0-9,]+ rows/s' "$dir/generate.err" | tail -n 1) || true
    read -r rows _ _ _ rate _ <<<"${done_so_far:-0 - - - 0}"
    echo "| $((SECONDS - begun)) | $rows | ${rate:-0} | $(columns "$(jvm CoarseGrainedExecutorBackend)") | $(columns "$(jvm SparkSubmit)") |"
    next=$((next + every))
  fi
  sleep 1
done
wait "$job" || { tail -n 20 "$dir/generate.err" >&2 && exit 1; }
job=
grep -E -o '[0-9,]+ rows  [0-9,]+/[0-9,]+ parts  [0-9,]+ rows/s' "$dir/generate.err" | tail -n 1
cat "$dir/generate.out"
