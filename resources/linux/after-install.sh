#!/bin/sh
# After the package's files are in place: the command, the sandbox helper, what the desktop knows of us.
set -e
ln -sf '/opt/${sanitizedProductName}/resources/app.asar.unpacked/resources/linux/weir' '/usr/bin/${executable}'

# Chromium's sandbox uses user namespaces; where the kernel has none, the helper must be owned by root and set-uid.
if [ -L /proc/self/ns/user ] && unshare --user true 2>/dev/null; then
  chmod 0755 '/opt/${sanitizedProductName}/chrome-sandbox' || true
else
  chmod 4755 '/opt/${sanitizedProductName}/chrome-sandbox' || true
fi

if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database /usr/share/applications || true; fi

# Ubuntu 24.04 and later let a program use user namespaces only when an AppArmor profile names it.
profile='/opt/${sanitizedProductName}/resources/apparmor-profile'
if command -v apparmor_status >/dev/null && apparmor_status --enabled >/dev/null 2>&1; then
  if apparmor_parser --skip-kernel-load --debug "$profile" >/dev/null 2>&1; then
    cp -f "$profile" '/etc/apparmor.d/${executable}'
    apparmor_parser --replace --write-cache --skip-read-cache '/etc/apparmor.d/${executable}' || true
  fi
fi
