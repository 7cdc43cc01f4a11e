#!/usr/bin/env bash
# A gallery is held once: faces streamed into a feed the way that a site does it, and what control takes beside the gallery
# stays below what a second copy of it would need.
exec "$(dirname "$0")/../tools/report/gallery.sh" faces 200000 88 --other 0.05,0.12
