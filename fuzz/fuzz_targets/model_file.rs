//! Whatever the bytes of a model file are, reading gives a model or an error, and what is a model runs.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use vgglass::model::Model;
use vgglass::network::Totals;
use vgglass::run::Engine;
use vgglass_convert::Hints;
use vgglass_convert::float::FloatModel;

/// Models of more multiply-adds are read but not run: they would hold up millions of others.
const MOST_MACS: u64 = 200_000;
/// Bytes of data that a header may ask for.
const MOST_DATA: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    read(Bytes::copy_from_slice(bytes));
    // The same bytes as a header, with the length before it and the data behind it that it asks for: mutations seldom
    // keep all three in step.
    let data = data_length(bytes).filter(|&length| length <= MOST_DATA).unwrap_or_default();
    let mut file = (bytes.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(bytes);
    // A scale of 2.7e-05, a bias of 943 million, weights of 55 and 56: a model that can run.
    file.extend(b"8787".iter().cycle().take(data));
    read(file.into());
});

fn read(file: Bytes) {
    let _ = FloatModel::from_bytes(&file, &Hints::default());
    let Ok(model) = Model::from_bytes(&file) else { return };
    assert!(model.weights.iter().all(|layer| layer.weight.len() <= file.len()), "weights are the file's");
    let layers = model.network.layers().expect("a model that was read has layers");
    if Totals::of(&layers).macs > MOST_MACS {
        return;
    }
    let mut engine = Engine::new(&model).expect("a model that was read can be run");
    engine.set_picture(&vec![200; model.network.input_size.pow(2) * 3]);
    engine.run();
    assert!(engine.logits().iter().all(|logit| logit.is_finite()));
    let written = model.to_bytes().expect("a model that was read can be written");
    Model::from_bytes(&written).expect("and read again");
}

/// Where the last tensor of a header ends: the largest number behind a comma and before a closing bracket.
fn data_length(header: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(header).ok()?;
    let ends = text.split(']').filter_map(|part| part.rsplit_once(',')?.1.trim().parse().ok());
    ends.max()
}
