//! Pictures to run networks on: a `.safetensors` file, Tiny ImageNet's folder, a folder or list in ImageNet's layout, or any
//! folder of pictures.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use vgglass::model::Class;
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
    /// validation set; or what [`Listed`] finds; or a folder of pictures, centre-cropped, without labels.
    /// With `first`, only so many. `classes` are the network's.
    pub fn read(path: &Path, size: usize, first: Option<usize>, classes: &[Class]) -> Result<Self> {
        if let Some(listed) = Listed::find(path, size, first, classes)? {
            return listed.part(0..listed.count());
        }
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
    let mut paths: Vec<_> = entries(path)?.into_iter().filter(is_picture).collect();
    paths.truncate(first.unwrap_or(usize::MAX));
    ensure!(!paths.is_empty(), "no pictures there");
    Ok(Pictures { rgb: decode(&paths, size)?, size, labels: None, logits: None })
}

/// Pictures with labels that are decoded part by part: ImageNet's 50,000 take 7.5 GB at once.
#[derive(Debug)]
pub struct Listed {
    paths: Vec<PathBuf>,
    labels: Vec<usize>,
    size: usize,
}

impl Listed {
    /// A folder of folders that are called after WordNet ids, as ImageNet's are; or a list, a text of lines `PATH CLASS`, the
    /// class a WordNet id or a number from 0, the path beside the list. `None` for anything else. `classes` are the network's.
    pub fn find(path: &Path, size: usize, first: Option<usize>, classes: &[Class]) -> Result<Option<Self>> {
        let found = if path.is_dir() {
            in_folders(path, classes)
        } else if path.extension().is_none_or(|extension| extension != "safetensors") {
            in_list(path, classes).map(Some)
        } else {
            Ok(None)
        };
        let Some(mut pictures) = found.with_context(|| format!("pictures of {}", path.display()))? else {
            return Ok(None);
        };
        pictures.truncate(first.unwrap_or(usize::MAX));
        ensure!(!pictures.is_empty(), "pictures of {}: no pictures there", path.display());
        let (paths, labels) = pictures.into_iter().unzip();
        Ok(Some(Listed { paths, labels, size }))
    }

    pub fn count(&self) -> usize {
        self.paths.len()
    }

    /// Some of them, decoded: the shorter side brought to 8/7 of the network's (256 to 224), the centre cut out, as
    /// torchvision's evaluation does.
    pub fn part(&self, range: std::ops::Range<usize>) -> Result<Pictures> {
        let labels = Some(self.labels[range.clone()].to_vec());
        let rgb =
            self.paths[range].par_iter().map(|path| centre(path, self.size)).collect::<Result<Vec<_>>>()?.concat();
        Ok(Pictures { rgb, size: self.size, labels, logits: None })
    }
}

/// Index of the class that is called `name`: a WordNet id, or a number.
fn class(name: &str, classes: &[Class]) -> Result<usize> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let known = classes.iter().position(|class| class.wnid == name);
    known.with_context(|| match classes.len() {
        0 => format!("class {name}: the network does not say what its classes are"),
        count => format!("class {name} is none of the network's {count}"),
    })
}

/// `n02124075`
fn is_wnid(name: &str) -> bool {
    name.strip_prefix('n').is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Pictures in folders called after WordNet ids, in the order of the ids and of their names.
fn in_folders(path: &Path, classes: &[Class]) -> Result<Option<Vec<(PathBuf, usize)>>> {
    let named = |path: &PathBuf| path.is_dir() && path.file_name().and_then(|name| name.to_str()).is_some_and(is_wnid);
    let folders: Vec<_> = entries(path)?.into_iter().filter(named).collect();
    if folders.is_empty() {
        return Ok(None);
    }
    let mut pictures = Vec::new();
    for folder in folders {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let class = class(name, classes)?;
        pictures.extend(entries(&folder)?.into_iter().filter(is_picture).map(|path| (path, class)));
    }
    Ok(Some(pictures))
}

fn in_list(path: &Path, classes: &[Class]) -> Result<Vec<(PathBuf, usize)>> {
    let text = std::fs::read_to_string(path)?;
    let beside = path.parent().unwrap_or(Path::new(""));
    let line = |(number, line): (usize, &str)| {
        let parts = line.trim_end().rsplit_once(char::is_whitespace);
        let (picture, name) = parts.with_context(|| format!("line {number}: {line:?} is not PATH CLASS"))?;
        let class = class(name, classes).with_context(|| format!("line {number}"))?;
        Ok((beside.join(picture.trim_end()), class))
    };
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).map(line).collect()
}

/// What is in a folder, in the order of the names.
fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn is_picture(path: &PathBuf) -> bool {
    image::ImageFormat::from_path(path).is_ok()
}

/// Decodes one, whatever its name ends in: some of ImageNet's are not what they are called.
fn open(path: &Path) -> Result<image::DynamicImage> {
    let read = || Ok(image::ImageReader::open(path)?.with_guessed_format()?.decode()?);
    let picture: Result<image::DynamicImage> = read();
    picture.with_context(|| path.display().to_string())
}

fn centre(path: &Path, size: usize) -> Result<Vec<u8>> {
    let rgba = open(path)?.into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    let (wide, high) = evaluation_size(width, height, size);
    let resized = picture::resize_to(&rgba, width, height, (wide, high)).with_context(|| path.display().to_string())?;
    let (left, top) = (offset(wide, size), offset(high, size));
    Ok(resized
        .chunks_exact(wide * 3)
        .skip(top)
        .take(size)
        .flat_map(|row| &row[left * 3..][..size * 3])
        .copied()
        .collect())
}

/// Width and height before the centre is cut out: the shorter is 8/7 of `size`.
fn evaluation_size(width: usize, height: usize, size: usize) -> (usize, usize) {
    let shorter = (size * 8).div_ceil(7);
    let longer = |long: usize, short: usize| shorter * long / short.max(1);
    if width <= height { (shorter, longer(height, width)) } else { (longer(width, height), shorter) }
}

/// Where the centre begins; of two places the even one, as Python rounds.
fn offset(length: usize, size: usize) -> usize {
    ((length - size) as f64 / 2.0).round_ties_even() as usize
}

/// Decodes, crops to the central square, resizes as the page does. Unlike the page, it takes the pixels as they are stored:
/// neither are they turned as the EXIF data say, nor their colours brought to sRGB.
fn decode(paths: &[PathBuf], size: usize) -> Result<Vec<u8>> {
    let one = |path: &PathBuf| {
        let picture = open(path)?;
        let side = picture.width().min(picture.height());
        let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
        let rgba = picture.crop_imm(left, top, side, side).into_rgba8();
        Ok(picture::resize(&rgba, side as usize, side as usize, size)?)
    };
    Ok(paths.par_iter().map(one).collect::<Result<Vec<_>>>()?.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vgglass_convert::classes::imagenet;

    /// A folder of its own that goes when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("vgglass-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        /// A picture, of any format that its name says.
        fn draw(&self, name: &str, width: u32, height: u32) -> image::RgbImage {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
            picture.save(path).unwrap();
            picture
        }

        fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
            std::fs::write(self.0.join(name), bytes).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn found(path: &Path, classes: &[Class]) -> Result<Listed> {
        Listed::find(path, 56, None, classes).map(|listed| listed.expect("in ImageNet's layout"))
    }

    #[test]
    fn folders_of_classes_are_labelled_in_the_networks_order() {
        let folder = Folder::new("folders");
        folder.draw("n02123159/b.png", 80, 60);
        folder.draw("n02123159/a.png", 60, 80);
        folder.draw("n01440764/ILSVRC2012_val_00000293.JPEG", 70, 70);
        folder.draw("n15075141/jpeg.png", 64, 64);
        // Called after another format than its own, as one of ImageNet's is.
        std::fs::rename(folder.0.join("n15075141/jpeg.png"), folder.0.join("n15075141/png.jpg")).unwrap();
        folder.write("n15075141/notes.txt", "not a picture");
        let listed = found(&folder.0, &imagenet()).unwrap();
        assert_eq!(listed.labels, [0, 282, 282, 999]);
        assert!(listed.paths[1].ends_with("a.png") && listed.paths[2].ends_with("b.png"));
        let all = listed.part(0..4).unwrap();
        assert_eq!((all.count(), all.labels), (4, Some(vec![0, 282, 282, 999])));
        assert_eq!(listed.part(2..4).unwrap().rgb, all.rgb[2 * 56 * 56 * 3..]);
        assert_eq!(Listed::find(&folder.0, 56, Some(2), &imagenet()).unwrap().unwrap().count(), 2);

        // By a network that knows other classes, or none.
        let other = [Class { wnid: "n02123159".to_owned(), ..Class::default() }];
        let error = |classes: &[Class]| format!("{:#}", found(&folder.0, classes).unwrap_err());
        assert!(error(&other).ends_with("class n01440764 is none of the network's 1"), "{}", error(&other));
        assert!(error(&[]).ends_with("the network does not say what its classes are"), "{}", error(&[]));
        // A folder of pictures is another thing.
        assert!(Listed::find(&folder.0.join("n02123159"), 56, None, &imagenet()).unwrap().is_none());
    }

    #[test]
    fn lists_name_pictures_and_classes() {
        let folder = Folder::new("lists");
        folder.draw("pictures/one of two.png", 70, 60);
        folder.draw("two.png", 60, 70);
        folder.write("val.txt", "pictures/one of two.png n02123159\r\n\ntwo.png\t65\n");
        let listed = found(&folder.0.join("val.txt"), &imagenet()).unwrap();
        assert_eq!(listed.labels, [282, 65]);
        assert_eq!(listed.part(0..2).unwrap().count(), 2);

        folder.write("bad.txt", "two.png 3\ntwo.png\n");
        let error = format!("{:#}", found(&folder.0.join("bad.txt"), &imagenet()).unwrap_err());
        assert!(error.ends_with(r#"line 2: "two.png" is not PATH CLASS"#), "{error}");
        folder.write("missing.txt", "three.png 3\n");
        let listed = found(&folder.0.join("missing.txt"), &imagenet()).unwrap();
        assert!(format!("{:#}", listed.part(0..1).map(|_| ()).unwrap_err()).contains("three.png"));
        folder.write("empty.txt", "\n");
        assert!(found(&folder.0.join("empty.txt"), &imagenet()).is_err());
    }

    /// `Resize(256)` and `CenterCrop(224)` of torchvision, told for pictures of ImageNet's usual sizes.
    #[test]
    fn the_centre_is_cut_where_torchvision_cuts_it() {
        assert_eq!(evaluation_size(1000, 750, 224), (341, 256));
        assert_eq!(evaluation_size(375, 500, 224), (256, 341));
        assert_eq!(evaluation_size(500, 500, 224), (256, 256));
        assert_eq!((offset(341, 224), offset(256, 224), offset(343, 224)), (58, 16, 60));

        let folder = Folder::new("centre");
        let drawn = folder.draw("p.png", 96, 64);
        // 64 is 8/7 of 56, so that nothing is resized.
        let cut = centre(&folder.0.join("p.png"), 56).unwrap();
        let expected = (4..60).flat_map(|y| (20..76).map(move |x| (x, y)));
        assert_eq!(cut, expected.flat_map(|(x, y)| drawn.get_pixel(x, y).0).collect::<Vec<_>>());
    }
}
