#!/bin/sh
# Sets a machine up as a terminal, or takes that back.  Run as root from this directory:
#   ./install.sh https://reception.county.example
#   ./install.sh --remove
# DESTDIR puts everything below another root, e.g. to build an image.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${DESTDIR:-}
config=$root/etc/reception-terminal.conf
library=$root/usr/local/lib/reception-terminal
documents=$root/usr/local/share/doc/reception-terminal
units=$root/etc/systemd
# Debian's Chromium, Google's builds, and browsers that took over Chromium's folder.
policies="$root/etc/chromium/policies/managed $root/etc/opt/chrome/policies/managed"

if [ "${1:-}" = --remove ]; then
  for folder in $policies; do rm -f "$folder/reception-terminal.json"; done
  rm -f "$units/user/reception-terminal.service" "$units/system/reception-terminal-display.service"
  rm -rf "$library" "$documents"
  echo "Removed. $config and the browser's profile were left: the profile holds the terminal's key."
  exit 0
fi

origin=${1:-}
if ! printf '%s\n' "$origin" | grep -Eq '^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$'; then
  echo "usage: $0 https://HOST[:PORT] | --remove" >&2
  exit 2
fi
case $origin in
  https://* | http://localhost | http://localhost:* | http://127.0.0.1 | http://127.0.0.1:*) ;;
  *) echo "Without https the browser gives no page a camera or a microphone." >&2; exit 2 ;;
esac

mkdir -p "$library" "$documents" "$units/user" "$units/system"
install -m 0755 "$here/watchdog.py" "$library/watchdog.py"
install -m 0644 "$here/README.md" "$documents/README.md"
install -m 0644 "$here/reception-terminal.service" "$units/user/reception-terminal.service"
install -m 0644 "$here/reception-terminal-display.service" "$units/system/reception-terminal-display.service"
for folder in $policies; do
  mkdir -p "$folder"
  sed "s|@ORIGIN@|$origin|g" "$here/policies/reception-terminal.json" > "$folder/reception-terminal.json"
  chmod 0644 "$folder/reception-terminal.json"
done
if [ -e "$config" ]; then
  sed -i "s|^ORIGIN=.*|ORIGIN=$origin|" "$config" # the rest is the administrator's
else
  sed "s|^ORIGIN=.*|ORIGIN=$origin|" "$here/reception-terminal.conf" > "$config"
  chmod 0644 "$config"
fi
echo "Installed for $origin. README.md says how to start it at boot."
