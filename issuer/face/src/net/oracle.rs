//! Both networks against the general inference library, which reads the same files.

#![expect(clippy::unwrap_used, reason = "tests")]

use fearless_simd::Level;
use tract_onnx::prelude::*;

use super::*;
use crate::models::{dequantize, parse};

const DETECTOR: &[u8] = include_bytes!("../../../models/face_detection_yunet_2023mar.onnx");
const EMBEDDER: &[u8] =
    include_bytes!("../../../models/face_recognition_sface_2021dec_int8bq.onnx");

/// A picture of waves and noise, the same each time: every colour, soft and sharp edges.
fn picture(side: usize) -> Square {
    let mut square = Square::black(side);
    let mut state = 1u32;
    for (i, value) in square.pixels.iter_mut().enumerate() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = ((i / 3 % side) as f32, (i / 3 / side) as f32);
        let wave = (x / (7.0 + 3.0 * (i % 3) as f32)).sin() * (y / 11.0).cos();
        *value = (128.0 + 90.0 * wave + (state >> 27) as f32) as u8;
    }
    square
}

/// What the general library computes, output by output.
fn expected(model: &tract_onnx::pb::ModelProto, picture: &Square) -> Vec<Vec<f32>> {
    let side = picture.side;
    let loader = tract_onnx::onnx()
        .with_ignore_value_info(true)
        .with_ignore_output_shapes(true);
    let model = loader.model_for_proto_model(model).unwrap();
    let model = model
        .with_input_fact(0, f32::fact([1, 3, side, side]).into())
        .unwrap();
    let model = model.into_optimized().unwrap().into_runnable().unwrap();
    let planes: Vec<f32> = (0..3)
        .flat_map(|c| picture.pixels[c..].iter().step_by(3).map(|&v| f32::from(v)))
        .collect();
    let input = Tensor::from_shape(&[1, 3, side, side], &planes).unwrap();
    let outputs = model.run(tvec!(input.into())).unwrap();
    let values = |output: TValue| {
        output
            .try_as_plain_ram()
            .unwrap()
            .as_slice::<f32>()
            .unwrap()
            .to_vec()
    };
    outputs.into_iter().map(values).collect()
}

/// Every instruction set this processor has.
fn levels() -> Vec<Level> {
    let mut levels = vec![Level::new(), Level::baseline()];
    #[cfg(target_arch = "x86_64")]
    levels.extend(Level::new().as_avx2().map(Level::Avx2));
    levels
}

#[test]
fn the_detector_computes_what_the_general_library_does() {
    let model = parse(DETECTOR).unwrap();
    let detector = Detector::of(model.graph.as_ref().unwrap()).unwrap();
    let picture = picture(160);
    let expected = expected(&model, &picture);
    for level in levels() {
        for (stride, map) in detector.run(level, &picture).iter().enumerate() {
            // Channels of our answer in the order of the file's outputs: cls, obj, bbox, kps.
            for (kind, channels) in [(0, 0..1), (1, 1..2), (2, 2..6), (3, 6..16)] {
                let theirs = &expected[3 * kind + stride];
                let ours = map
                    .values
                    .chunks_exact(HEADS)
                    .flat_map(|cell| cell[channels.clone()].to_vec());
                let ours: Vec<f32> = match kind {
                    0 | 1 => ours.map(|v| 1.0 / (1.0 + (-v).exp())).collect(),
                    _ => ours.collect(),
                };
                assert_eq!(ours.len(), theirs.len());
                let largest = theirs.iter().fold(1f32, |m, v| m.max(v.abs()));
                for (a, b) in ours.iter().zip(theirs) {
                    assert!(
                        (a - b).abs() < 1e-4 * largest,
                        "{level:?} stride {stride} kind {kind}: {a} {b}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_embedder_computes_what_the_general_library_does() {
    let mut model = parse(EMBEDDER).unwrap();
    dequantize::fold(&mut model).unwrap();
    let embedder = Embedder::of(model.graph.as_ref().unwrap(), 112, 128).unwrap();
    let picture = picture(112);
    let expected = &expected(&model, &picture)[0];
    let largest = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
    for level in levels() {
        let (ours, _) = embedder.run(level, &picture);
        assert_eq!((ours.len(), expected.len()), (128, 128));
        for (a, b) in ours.iter().zip(expected) {
            assert!((a - b).abs() < 1e-4 * largest, "{level:?}: {a} {b}");
        }
    }
}

#[test]
fn another_network_is_refused() {
    let mut model = parse(DETECTOR).unwrap();
    let graph = model.graph.as_mut().unwrap();
    assert!(Embedder::of(graph, 112, 128).is_err());
    let last = graph
        .node
        .iter()
        .rposition(|node| node.op_type == "Conv")
        .unwrap();
    let twice = graph.node[last].clone();
    graph.node.push(twice);
    assert!(Detector::of(graph).is_err());
    graph.node.truncate(last);
    assert!(Detector::of(graph).is_err());
}
