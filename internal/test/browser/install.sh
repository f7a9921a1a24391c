#!/bin/sh
# Installs Chromium from Debian's packages where no browser is there and this may be done: apt-get is there and the
# user is root. Elsewhere it says what to do and ends with 1.
set -eu

for name in chromium chromium-browser google-chrome; do
	if command -v "$name" >/dev/null; then exit 0; fi
done
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "Chromium is missing: install your system's package of it." >&2
	exit 1
fi

echo "Installing Chromium for the tests of pages ..." >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium >/dev/null
