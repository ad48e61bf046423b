#!/usr/bin/env bash
# Makes sure that wgpu finds an adapter: where there is no Vulkan driver, installs Mesa's software one (Debian, Ubuntu).
set -euo pipefail

drivers() {
    compgen -G '/usr/share/vulkan/icd.d/*.json' || compgen -G '/etc/vulkan/icd.d/*.json' ||
        [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]
}
# An ordinary user's PATH has no ldconfig.
loader() { PATH="$PATH:/usr/sbin:/sbin" ldconfig -p | grep 'libvulkan\.so\.1'; }

if [ "$(uname)" != Linux ] || { drivers && loader; } >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "There is no Vulkan driver. Install one (Mesa's lavapipe is a software driver), then run this again." >&2
    exit 1
fi
echo "== no Vulkan driver found: installing Mesa's software driver"
sudo=$([ "$(id -u)" = 0 ] || echo sudo)
$sudo apt-get update
$sudo apt-get install -y --no-install-recommends mesa-vulkan-drivers libvulkan1
