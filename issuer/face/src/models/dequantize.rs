//! Blocked int8 weights to f32 constants.
//!
//! The embedder stores each weight as int8 with one scale and one zero point per block along an axis: ONNX
//! `DequantizeLinear` with `block_size` (operator set 21), which the inference library does not run. Every such node here
//! reads only constants, so its result is a constant: computing it once at load leaves an ordinary network.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, NodeProto, TensorProto};
use tract_onnx::prelude::TractResult;
use tract_onnx::prelude::tract_itertools::Itertools as _;
use tract_onnx::tract_core::internal::{anyhow, bail, ensure};

/// Replaces every `DequantizeLinear` node of `model` by the f32 constant it computes, and leaves as inputs only what
/// a node reads.
pub(crate) fn fold(model: &mut ModelProto) -> TractResult<()> {
    let Some(graph) = model.graph.as_mut() else {
        bail!("a model without a graph");
    };
    let (quantized, nodes): (Vec<_>, Vec<_>) = std::mem::take(&mut graph.node)
        .into_iter()
        .partition(|node| node.op_type == "DequantizeLinear");
    graph.node = nodes;
    let constants: HashMap<&str, &TensorProto> = graph
        .initializer
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor))
        .collect();
    let folded: Vec<TensorProto> = quantized
        .iter()
        .map(|node| constant(node, &constants))
        .try_collect()?;
    let spent: HashSet<String> = quantized.into_iter().flat_map(|node| node.input).collect();
    graph
        .initializer
        .retain(|tensor| !spent.contains(&tensor.name));
    graph.initializer.extend(folded);
    // The file still declares as inputs the weights it was quantised from, which no node reads.
    let read: HashSet<&str> = graph
        .node
        .iter()
        .flat_map(|n| &n.input)
        .map(String::as_str)
        .collect();
    graph
        .input
        .retain(|input| read.contains(input.name.as_str()));
    Ok(())
}

/// `y = (x − zero_point) · scale`, scale and zero point taken from the block `x` lies in.
fn constant(node: &NodeProto, constants: &HashMap<&str, &TensorProto>) -> TractResult<TensorProto> {
    let [values, scales, zero_points] = node.input.as_slice() else {
        bail!("{}: three inputs expected", node.name);
    };
    let tensor = |name: &String| {
        constants
            .get(name.as_str())
            .copied()
            .ok_or_else(|| anyhow!("{name} is not a constant"))
    };
    let (values, scales, zero_points) = (tensor(values)?, tensor(scales)?, tensor(zero_points)?);
    ensure!(
        values.data_type == DataType::Int8 as i32 && zero_points.data_type == DataType::Int8 as i32
    );
    ensure!(scales.data_type == DataType::Float as i32);
    let blocks = Blocks::of(node, values, scales)?;
    let scales: Vec<f32> = scales
        .raw_data
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let (bytes, zero_points) = (&values.raw_data, &zero_points.raw_data);
    ensure!(
        bytes.len() == blocks.values()
            && scales.len() == blocks.count()
            && zero_points.len() == scales.len()
    );

    let mut out = TensorProto {
        name: node.output.first().cloned().unwrap_or_default(),
        dims: values.dims.clone(),
        data_type: DataType::Float as i32,
        ..TensorProto::default()
    };
    let mut raw = Vec::with_capacity(4 * bytes.len());
    for (i, &byte) in bytes.iter().enumerate() {
        let block = blocks.holding(i);
        let steps = i16::from(byte.cast_signed()) - i16::from(zero_points[block].cast_signed());
        raw.extend_from_slice(&(f32::from(steps) * scales[block]).to_le_bytes());
    }
    out.raw_data = raw;
    Ok(out)
}

/// How a row-major tensor is cut into blocks along one axis.
struct Blocks {
    outer: usize,
    axis: usize,
    inner: usize,
    size: usize,
    per_axis: usize,
}

impl Blocks {
    fn of(node: &NodeProto, values: &TensorProto, scales: &TensorProto) -> TractResult<Self> {
        let attribute = |name: &str| {
            node.attribute
                .iter()
                .find(|a| a.name == name)
                .and_then(|a| usize::try_from(a.i).ok())
                .ok_or_else(|| anyhow!("{}: no attribute {name}", node.name))
        };
        let dims: Vec<usize> = values
            .dims
            .iter()
            .map(|&d| usize::try_from(d))
            .try_collect()?;
        let (axis, size) = (attribute("axis")?, attribute("block_size")?);
        ensure!(axis < dims.len() && axis < scales.dims.len() && size > 0);
        let per_axis = usize::try_from(scales.dims[axis])?;
        ensure!(per_axis == dims[axis].div_ceil(size));
        Ok(Self {
            outer: dims[..axis].iter().product(),
            axis: dims[axis],
            inner: dims[axis + 1..].iter().product(),
            size,
            per_axis,
        })
    }

    fn values(&self) -> usize {
        self.outer * self.axis * self.inner
    }

    fn count(&self) -> usize {
        self.outer * self.per_axis * self.inner
    }

    /// The block that value `i` lies in.
    fn holding(&self, i: usize) -> usize {
        let (row, along, inner) = (
            i / (self.axis * self.inner),
            i / self.inner % self.axis,
            i % self.inner,
        );
        (row * self.per_axis + along / self.size) * self.inner + inner
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use tract_onnx::pb::{AttributeProto, GraphProto};

    use super::*;

    fn tensor(name: &str, dims: &[i64], data_type: DataType, raw_data: Vec<u8>) -> TensorProto {
        TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: data_type as i32,
            raw_data,
            ..TensorProto::default()
        }
    }

    fn attribute(name: &str, i: i64) -> AttributeProto {
        AttributeProto {
            name: name.into(),
            i,
            ..AttributeProto::default()
        }
    }

    fn model(scales: &[f32]) -> ModelProto {
        let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let graph = GraphProto {
            node: vec![NodeProto {
                op_type: "DequantizeLinear".into(),
                input: vec!["x".into(), "s".into(), "z".into()],
                output: vec!["y".into()],
                attribute: vec![attribute("axis", 1), attribute("block_size", 2)],
                ..NodeProto::default()
            }],
            initializer: vec![
                tensor(
                    "x",
                    &[2, 3],
                    DataType::Int8,
                    vec![1, 2, 3, 0xff, 0xfe, 0x80],
                ),
                tensor("s", &[2, 2], DataType::Float, floats(scales)),
                tensor("z", &[2, 2], DataType::Int8, vec![0, 1, 0, 127]),
            ],
            ..GraphProto::default()
        };
        ModelProto {
            graph: Some(graph),
            ..ModelProto::default()
        }
    }

    #[test]
    fn each_value_uses_the_scale_of_its_block() {
        let mut model = model(&[0.5, 10.0, 2.0, 1.0]);
        fold(&mut model).unwrap();
        let graph = model.graph.unwrap();
        assert!(graph.node.is_empty());
        let [y] = graph.initializer.as_slice() else {
            unreachable!("one constant is left");
        };
        let values: Vec<f32> = y
            .raw_data
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        assert_eq!(y.name, "y");
        assert_eq!(values, [0.5, 1.0, 20.0, -2.0, -4.0, -255.0]);
    }

    #[test]
    fn scales_that_do_not_cover_the_tensor_are_refused() {
        assert!(fold(&mut model(&[0.5, 10.0, 2.0])).is_err());
    }
}
