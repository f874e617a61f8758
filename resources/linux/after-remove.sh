#!/bin/sh
# After the package's files are gone. Sessions and settings in people's home folders stay.
set -e
if [ "$1" != upgrade ]; then
  rm -f '/usr/bin/${executable}'
  if [ -f '/etc/apparmor.d/${executable}' ]; then
    if command -v apparmor_parser >/dev/null; then apparmor_parser --remove '/etc/apparmor.d/${executable}' || true; fi
    rm -f '/etc/apparmor.d/${executable}'
  fi
fi
if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database /usr/share/applications || true; fi
