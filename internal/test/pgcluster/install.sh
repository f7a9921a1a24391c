#!/bin/sh
# Installs PostgreSQL's server binaries from Debian's packages where they are missing and this may be done: apt-get
# is there and the user is root. No cluster is made or started. Elsewhere it says what to do and ends with 1.
set -eu

has_server() {
	for dir in $(printf %s "$PATH" | tr : ' ') /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
		/opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
		if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then return 0; fi
	done
	return 1
}

if has_server; then exit 0; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "PostgreSQL's server binaries (initdb, postgres) are missing: install your system's package of the PostgreSQL server." >&2
	exit 1
fi

echo "Installing PostgreSQL's server binaries for the tests ..." >&2
export DEBIAN_FRONTEND=noninteractive
config=/etc/postgresql-common/createcluster.conf
apt-get update -qq
apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
# Debian would make and start a cluster of its own for whoever installs the server.
cp "$config" "$config.before-purser"
trap 'mv "$config.before-purser" "$config"' EXIT
echo 'create_main_cluster = false' >>"$config"
apt-get install -y -qq --no-install-recommends postgresql >/dev/null
has_server
