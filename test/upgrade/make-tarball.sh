#!/bin/sh
# Makes the tarball of an earlier version, which the test of upgrades runs: what migrates and what
# polls, without examples, tests, docs and lockfile. The list of workflows is empty, as in a service
# that has removed the examples.
#
#   sh test/upgrade/make-tarball.sh 0680097 test/upgrade/baton-0.1.0.tgz
set -eu
commit=$1
tarball=$2

git archive --format=tar --prefix=package/ \
  --add-virtual-file='package/shared/workflows/index.ts:import type { AnyWorkflow } from "../index.ts";

export const workflows: readonly AnyWorkflow[] = [];
' "$commit" \
  LICENSE package.json functions shared sql infra/migrate infra/migrate.ts infra/require-node-24.mjs \
  infra/build infra/build.ts infra/deploy/target.ts infra/explain-arguments.ts infra/service.ts \
  ':(exclude)shared/workflows/index.ts' ':(exclude)sql/schema.sql' | gzip -9n >"$tarball"
