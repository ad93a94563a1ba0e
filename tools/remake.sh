#!/bin/sh
# Makes www/models/vgg16-half-tiny.safetensors anew: tools/remake.sh FLOAT CALIBRATION VALIDATION
#
#   FLOAT        float weights of VGG-16 at half width (this project's names), .safetensors
#   CALIBRATION  training pictures that the training left out: training/export_logits.py --calibration
#   VALIDATION   Tiny ImageNet's validation pictures: training/export_logits.py, or the folder tiny-imagenet-200
#
# The temperature is fitted on CALIBRATION. The first weights had seen those pictures, so for weights soon after them the fit
# promised too much (0.953); fifteen epochs later it agrees with the validation pictures.
set -eu
cd "$(dirname "$0")/.."
${VGGLASS:-cargo run --release -p vgglass-tools --} quantise "$1" --pictures "$2" --validation "$3" \
  --classes tools/labels/tiny-imagenet-200.tsv --out www/models/vgg16-half-tiny.safetensors \
  --licence "The weights may be used like the code (MIT OR Apache-2.0), but they were trained on Tiny ImageNet, whose pictures are ImageNet's and are offered for non-commercial research and teaching: use them in research and teaching." \
  --provenance "VGG-16 (configuration D of Simonyan & Zisserman 2015) at half width with batch norm folded, trained from scratch for this project on the 100,000 training pictures of Tiny ImageNet (64x64, 200 classes; see training/README.md), quantised to int8 by tools/remake.sh."
