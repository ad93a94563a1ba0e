#!/bin/sh
# Makes the models of the page anew from training/weights/: tools/remake.sh CALIBRATION VALIDATION [NAME ...]
#
#   CALIBRATION  training pictures that the training left out: training/export_logits.py --calibration
#   VALIDATION   Tiny ImageNet's validation pictures: training/export_logits.py, or the folder tiny-imagenet-200
#   NAME         of a file in training/weights/; all, if none is given. D-distilled is the one that the page opens with.
#
# The temperature is fitted on CALIBRATION.
set -eu
calibration=$(realpath "$1") validation=$(realpath "$2")
shift 2
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- D-distilled A A-LRN B C D E AlexNet
for name in "$@"; do
  row=${name%-distilled} out=www/models/alike/$name.safetensors how="from scratch"
  if [ "$name" = D-distilled ]; then
    out=www/models/vgg16-half-tiny.safetensors how="from scratch and then distilled from rows A to E trained alike"
  fi
  case $row in
    AlexNet) what="AlexNet (Krizhevsky et al. 2012, the paper's one-column form)" ;;
    *) what="Configuration $row of Simonyan & Zisserman 2015" ;;
  esac
  ${VGGLASS:-cargo run --release -p vgglass-tools --} quantise "training/weights/$name.safetensors" --network "$row" \
    --pictures "$calibration" --validation "$validation" --classes tools/labels/tiny-imagenet-200.tsv --out "$out" \
    --licence "The weights may be used like the code (MIT OR Apache-2.0), but they were trained on Tiny ImageNet, whose pictures are ImageNet's and are offered for non-commercial research and teaching: use them in research and teaching." \
    --provenance "$what at half width with batch norm folded, trained $how for this project on the 100,000 training pictures of Tiny ImageNet (64x64, 200 classes; see training/README.md), quantised to int8 by tools/remake.sh."
done
