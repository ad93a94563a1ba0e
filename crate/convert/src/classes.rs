//! Names of classes.

use vgglass::model::Class;

/// wnid, en, zh, with tabs between, below a line of headings. Sources: the README of `tools/`.
const IMAGENET: &str = include_str!("../../../tools/labels/imagenet-1k.tsv");

/// ImageNet's classes (ILSVRC 2012): output `n` of a network trained on it is class `n` here.
pub fn imagenet() -> Vec<Class> {
    read_classes(IMAGENET)
}

/// Names of classes, one a line: WordNet id, English, Chinese, with tabs between; the first line says so.
pub fn read_classes(table: &str) -> Vec<Class> {
    let class = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut cell = || cells.next().unwrap_or_default();
        Class { wnid: cell(), en: cell(), zh: cell() }
    };
    table.lines().filter(|line| !line.is_empty() && !line.starts_with("wnid")).map(class).collect()
}
