#!/usr/bin/env bash
# Prints the pictures of the README as data, for the crate's own page: `crates/burn-loss/src/pictures.md`. Of two definitions
# of a link Markdown takes the first, so that the page of the repository has the files and that of the crate has these.
set -euo pipefail
cd "$(dirname "$0")/.."

sed -n 's|^\[\(.*\)\]: \(docs/images/.*\.svg\)$|\1 \2|p' README.md | while read -r name file; do
    echo "[$name]: data:image/svg+xml;base64,$(base64 -w 0 "$file")"
done
