#!/usr/bin/env bash
# Checks that every example asks for the same features of every crate: one that does not compiles Burn anew, which takes
# minutes where seconds would do.
set -euo pipefail
cd "$(dirname "$0")/.."

# Each crate of an example's build with its features; those of the workspace have paths.
crates() {
    cargo tree --locked -p "$1" -e normal,build --prefix none -f '{p} {f}' | sed 's/ (\*)$//' | grep -v '(/' | sort -u
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for example in examples/*/; do
    name=$(sed -n 's/^name = "\(.*\)"/\1/p' "$example/Cargo.toml" | head -1)
    crates "$name" >"$folder/$name"
done
# All lines of the crates that two examples share must be the same in both: a crate with another line is one too many.
status=0
for a in "$folder"/*; do
    for b in "$folder"/*; do
        names_of_b=$(cut -d' ' -f1,2 "$b" | sort -u)
        differ=$(comm -23 "$a" "$b" | grep -F -w -f <(echo "$names_of_b") || true)
        if [ -n "$differ" ]; then
            echo "${a##*/} and ${b##*/} do not share:" >&2
            echo "$differ" >&2
            status=1
        fi
    done
done
exit "$status"
