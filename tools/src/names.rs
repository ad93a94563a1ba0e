//! `vgglass names`: ImageNet's 1000 classes in the order of a network's outputs.

use anyhow::Result;
use vgglass::model::Class;
use vgglass_convert::classes::imagenet;

/// One class a line: number, wnid, en, zh, with tabs between.
pub fn print(mut out: impl std::io::Write) -> Result<()> {
    for (number, Class { wnid, en, zh }) in imagenet().iter().enumerate() {
        writeln!(out, "{number}\t{wnid}\t{en}\t{zh}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use vgglass_convert::classes::read_classes;

    use super::*;

    const IMAGENET: &str = include_str!("../labels/imagenet-1k.tsv");
    const TINY: &str = include_str!("../labels/tiny-imagenet-200.tsv");

    #[test]
    fn a_thousand_classes_in_the_order_of_their_wnids() {
        assert!(IMAGENET.lines().all(|line| line.split('\t').count() == 3));
        let classes = imagenet();
        assert_eq!(classes.len(), 1000);
        // ImageNet numbers its classes in this order.
        assert!(classes.is_sorted_by(|a, b| a.wnid < b.wnid));
        for Class { wnid, en, zh } in &classes {
            let digits = wnid.strip_prefix('n').unwrap_or_default();
            assert!(digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_digit()), "{wnid}");
            let clean = |name: &str| !name.is_empty() && name == name.trim() && !name.contains(['(', '（', '；', ';']);
            assert!(clean(en) && clean(zh), "{wnid}: {en:?}, {zh:?}");
        }
        // Known members, so that a table shifted by a row is found out.
        for (number, wnid, en) in
            [(0, "n01440764", "tench"), (282, "n02123159", "tiger cat"), (999, "n15075141", "toilet tissue")]
        {
            assert_eq!((classes[number].wnid.as_str(), classes[number].en.as_str()), (wnid, en));
        }
    }

    #[test]
    fn no_two_classes_have_one_name() {
        let classes = imagenet();
        let different = |name: fn(&Class) -> &str| classes.iter().map(name).collect::<BTreeSet<_>>().len();
        assert_eq!([different(|class| &class.en), different(|class| &class.zh)], [1000, 1000]);
    }

    #[test]
    fn tiny_imagenets_classes_are_called_alike_in_chinese() {
        let all: BTreeMap<_, _> = imagenet().into_iter().map(|class| (class.wnid, class.zh)).collect();
        let tiny = read_classes(TINY);
        assert_eq!(tiny.len(), 200);
        let differing = tiny.iter().filter(|class| all.get(&class.wnid) != Some(&class.zh));
        // Among 200 classes this one may be called a missile; among 1000 there is another, which is one.
        assert_eq!(differing.map(|class| class.wnid.as_str()).collect::<Vec<_>>(), ["n04008634"]);
    }

    #[test]
    fn each_is_printed_with_its_number() {
        let mut printed = Vec::new();
        print(&mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        assert_eq!(printed.lines().count(), 1000);
        assert_eq!(printed.lines().nth(134), Some("134\tn02012849\tcrane bird\t鹤"));
        assert_eq!(printed.lines().nth(517), Some("517\tn03126707\tcrane\t起重机"));
    }
}
