#!/usr/bin/env bash
# Trains on a cluster of its own (scripts/cluster.sh), again and again, while executors, workers, DataNodes and drivers are killed at
# random, and compares the weights with those of --no-spark:
#   scripts/chaos.sh [--minutes N] [--seed S] [--faults LIST] [--models LIST] [--rounds N]
# --help shows the rest. Ends with 0 only if all weights, documents and positions are the same; Ctrl-C stops what it started.
# What happens is code that the integration tests share: src/test/java/io/microgpt/jobs.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"

build
classpath=$root/target/test-classpath.txt
if changed_since "$classpath" "$root/pom.xml" "$root/src"; then
  command -v mvn >/dev/null || missing "Maven 3.6.3 or later" maven maven maven
  echo "Building the tests ..." >&2
  mvn -B -ntp -q -f "$root/pom.xml" -Dspotless.check.skip test-compile \
    dependency:build-classpath -DincludeScope=test -Dmdep.outputFile="$classpath" >&2
fi
cd "$root"
exec "$java" "${jvm_modules[@]}" -cp "$root/target/test-classes:$root/target/classes:$(<"$classpath")" io.microgpt.jobs.Chaos "$@"
