#!/usr/bin/env bash
# Puts pg_partman 5 of Debian trixie into the folder $1, as Postgres 18 looks for an extension: its
# SQL needs no library. The package is not in the lists of bookworm, so apt gets lists of its own,
# from the host that the machine's sources name, and installs nothing.
set -euo pipefail
folder=$1
[[ -f $folder/extension/pg_partman.control ]] && exit
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/{lists,cache,package}
host=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list* | head -n 1 | tr -d ' ') || true
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${host:?no Debian mirror in /etc/apt} trixie main" >"$scratch/trixie.list"
apt=(apt-get -qq -o "Dir::Etc::SourceList=$scratch/trixie.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$scratch/lists" -o "Dir::Cache=$scratch/cache" -o APT::Sandbox::User=root)
"${apt[@]}" update
(cd "$scratch/package" && "${apt[@]}" download postgresql-17-partman && dpkg -x ./*.deb .)
mkdir -p "$folder/extension"
cp "$scratch"/package/usr/share/postgresql/17/extension/pg_partman{.control,--5*.sql} "$folder/extension/"
