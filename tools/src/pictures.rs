//! Pictures to run networks on: a `.safetensors` file, Tiny ImageNet's folder, or any folder of pictures.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use vgglass::picture;

/// Pictures at a network's input size.
pub struct Pictures {
    /// RGB bytes, `[pictures][size][size][3]`.
    pub rgb: Vec<u8>,
    pub size: usize,
    /// Class of each picture, where it is known.
    pub labels: Option<Vec<usize>>,
    /// PyTorch's float32 logits, `[pictures][classes]`, where the file has them.
    pub logits: Option<Vec<f32>>,
}

impl Pictures {
    /// Reads pictures and brings them to `size`×`size`. `path` is a `.safetensors` file with `pictures` (U8, `[N, 3, h,
    /// w]`) and perhaps `labels` (I64) and `logits` (F32); or the folder `tiny-imagenet-200`, of which it is the
    /// validation set; or a folder of pictures, centre-cropped, without labels.
    /// With `first`, only so many.
    pub fn read(path: &Path, size: usize, first: Option<usize>) -> Result<Self> {
        let read = || match path {
            _ if path.join("wnids.txt").exists() => tiny_imagenet(path, size, first),
            _ if path.is_dir() => folder(path, size, first),
            _ => {
                let all = file(path, size)?;
                let count = first.unwrap_or(usize::MAX).min(all.count());
                Ok(all.pick(&(0..count).collect::<Vec<_>>()))
            }
        };
        read().with_context(|| format!("pictures of {}", path.display()))
    }

    /// Bytes of one picture.
    pub fn bytes(&self) -> usize {
        self.size * self.size * 3
    }

    pub fn count(&self) -> usize {
        self.rgb.len() / self.bytes()
    }

    /// Some of the pictures.
    pub fn pick(&self, indices: &[usize]) -> Pictures {
        let classes = self.logits.as_ref().map_or(0, |logits| logits.len() / self.count());
        Pictures {
            rgb: pick(&self.rgb, self.bytes(), indices),
            size: self.size,
            labels: self.labels.as_ref().map(|labels| pick(labels, 1, indices)),
            logits: self.logits.as_ref().map(|logits| pick(logits, classes, indices)),
        }
    }
}

/// Some rows of `length` values each.
pub fn pick<T: Copy>(values: &[T], length: usize, indices: &[usize]) -> Vec<T> {
    indices.iter().flat_map(|&index| &values[index * length..][..length]).copied().collect()
}

fn file(path: &Path, size: usize) -> Result<Pictures> {
    let bytes = std::fs::read(path)?;
    let file = SafeTensors::deserialize(&bytes)?;
    let pictures = file.tensor("pictures")?;
    let &[count, 3, height, width] = pictures.shape() else {
        bail!("pictures have the shape {:?}, expected [N, 3, height, width]", pictures.shape());
    };
    ensure!(pictures.dtype() == Dtype::U8, "pictures are {:?}, expected U8", pictures.dtype());
    let cells = height * width;
    let one = |planes: &[u8]| {
        let rgba: Vec<u8> =
            (0..cells).flat_map(|i| [planes[i], planes[cells + i], planes[2 * cells + i], 255]).collect();
        Ok(picture::resize(&rgba, width, height, size)?)
    };
    let rgb = pictures.data().par_chunks(3 * cells).map(one).collect::<Result<Vec<_>>>()?.concat();
    let labels = match file.tensor("labels") {
        Ok(labels) => {
            ensure!(labels.dtype() == Dtype::I64, "labels are {:?}, expected I64", labels.dtype());
            ensure!(labels.shape() == [count], "labels have the shape {:?}, expected [{count}]", labels.shape());
            Some(labels.data().as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes) as usize).collect())
        }
        Err(_) => None,
    };
    let logits = match file.tensor("logits") {
        Ok(logits) => {
            ensure!(logits.dtype() == Dtype::F32, "logits are {:?}, expected F32", logits.dtype());
            ensure!(logits.shape().first() == Some(&count), "logits have the shape {:?}", logits.shape());
            Some(logits.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
        }
        Err(_) => None,
    };
    Ok(Pictures { rgb, size, labels, logits })
}

/// The validation set, in the order of `val_annotations.txt`; classes in the order of `wnids.txt`.
fn tiny_imagenet(path: &Path, size: usize, first: Option<usize>) -> Result<Pictures> {
    let wnids = std::fs::read_to_string(path.join("wnids.txt"))?;
    let wnids: Vec<&str> = wnids.split_whitespace().collect();
    let annotations = std::fs::read_to_string(path.join("val/val_annotations.txt"))?;
    let (mut paths, mut labels) = (Vec::new(), Vec::new());
    for line in annotations.lines().take(first.unwrap_or(usize::MAX)) {
        let mut cells = line.split('\t');
        let (Some(name), Some(wnid)) = (cells.next(), cells.next()) else { bail!("val_annotations.txt: {line:?}") };
        paths.push(path.join("val/images").join(name));
        labels.push(wnids.iter().position(|known| *known == wnid).with_context(|| format!("unknown class {wnid}"))?);
    }
    Ok(Pictures { rgb: decode(&paths, size)?, size, labels: Some(labels), logits: None })
}

fn folder(path: &Path, size: usize, first: Option<usize>) -> Result<Pictures> {
    let entries = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let picture = |path: &PathBuf| image::ImageFormat::from_path(path).is_ok();
    let mut paths: Vec<_> = entries.into_iter().filter(picture).collect();
    paths.sort();
    paths.truncate(first.unwrap_or(usize::MAX));
    ensure!(!paths.is_empty(), "no pictures there");
    Ok(Pictures { rgb: decode(&paths, size)?, size, labels: None, logits: None })
}

/// Decodes, crops to the central square, resizes as the page does.
fn decode(paths: &[PathBuf], size: usize) -> Result<Vec<u8>> {
    let one = |path: &PathBuf| {
        let picture = image::open(path).with_context(|| path.display().to_string())?;
        let side = picture.width().min(picture.height());
        let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
        let rgba = picture.crop_imm(left, top, side, side).into_rgba8();
        Ok(picture::resize(&rgba, side as usize, side as usize, size)?)
    };
    Ok(paths.par_iter().map(one).collect::<Result<Vec<_>>>()?.concat())
}
