//! Layers out of an ONNX graph: convolutions in the order of the file, each checked for the shape expected of it, with what
//! follows it folded in.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_core::internal::{anyhow, ensure};

use super::kernels::{Activation, Depthwise, LANES, Pointwise};

/// A graph being taken apart.
pub(super) struct Weights<'a> {
    graph: &'a GraphProto,
    tensors: HashMap<&'a str, &'a TensorProto>,
    convolutions: Box<dyn Iterator<Item = &'a NodeProto> + 'a>,
}

/// One convolution with its batch normalisation folded in: `weights[output][input][ky][kx]`.
pub(super) struct Convolution {
    pub(super) shape: [usize; 4],
    weights: Vec<f32>,
    bias: Vec<f32>,
    /// Slopes of the PReLU that follows, if one does.
    slopes: Option<Vec<f32>>,
    pub(super) stride: usize,
}

impl<'a> Weights<'a> {
    pub(super) fn of(graph: &'a GraphProto) -> Self {
        Self {
            graph,
            tensors: graph
                .initializer
                .iter()
                .map(|t| (t.name.as_str(), t))
                .collect(),
            convolutions: Box::new(graph.node.iter().filter(|node| node.op_type == "Conv")),
        }
    }

    /// The next convolution of the file, which must have this shape.
    pub(super) fn convolution(&mut self, shape: [usize; 4]) -> TractResult<Convolution> {
        let node = self
            .convolutions
            .next()
            .ok_or_else(|| anyhow!("a convolution is missing"))?;
        let [_, weights, bias @ ..] = node.input.as_slice() else {
            return Err(anyhow!("{}: no weights", node.name));
        };
        let [outputs, ..] = shape;
        let mut layer = Convolution {
            shape,
            weights: self.floats(weights, shape.iter().product())?,
            bias: match bias {
                [bias] => self.floats(bias, outputs)?,
                _ => vec![0.0; outputs],
            },
            slopes: None,
            stride: node
                .attribute
                .iter()
                .find(|a| a.name == "strides")
                .map_or(1, |a| {
                    a.ints
                        .first()
                        .and_then(|&s| usize::try_from(s).ok())
                        .unwrap_or(1)
                }),
        };
        let mut end = output(node)?;
        if let Some(normalisation) = self.consumer(end, "BatchNormalization") {
            let (scale, shift) = self.normalisation(normalisation, outputs)?;
            let each = layer.weights.len() / outputs;
            for (o, weights) in layer.weights.chunks_exact_mut(each).enumerate() {
                weights.iter_mut().for_each(|w| *w *= scale[o]);
                layer.bias[o] = layer.bias[o] * scale[o] + shift[o];
            }
            end = output(normalisation)?;
        }
        if let Some(slopes) = self
            .consumer(end, "PRelu")
            .and_then(|node| node.input.get(1))
        {
            layer.slopes = Some(self.floats(slopes, outputs)?);
        }
        Ok(layer)
    }

    /// The node of this kind that reads `value`, if one does.
    pub(super) fn consumer(&self, value: &str, kind: &str) -> Option<&'a NodeProto> {
        self.graph.node.iter().find(|node| {
            node.op_type == kind && node.input.first().is_some_and(|input| input == value)
        })
    }

    /// The node that makes `value`, if one does.
    pub(super) fn producer(&self, value: &str) -> Option<&'a NodeProto> {
        self.graph
            .node
            .iter()
            .find(|node| node.output.iter().any(|output| output == value))
    }

    /// The only node of this kind.
    pub(super) fn only(&self, kind: &str) -> TractResult<&'a NodeProto> {
        let mut nodes = self.graph.node.iter().filter(|node| node.op_type == kind);
        match (nodes.next(), nodes.next()) {
            (Some(node), None) => Ok(node),
            _ => Err(anyhow!("exactly one {kind} is expected")),
        }
    }

    /// What a batch normalisation does: `y = scale · x + shift` for each channel.
    pub(super) fn normalisation(
        &self,
        node: &NodeProto,
        channels: usize,
    ) -> TractResult<(Vec<f32>, Vec<f32>)> {
        let [_, gamma, beta, mean, variance] = node.input.as_slice() else {
            return Err(anyhow!("{}: five inputs expected", node.name));
        };
        let read = |name: &String| self.floats(name, channels);
        let (gamma, beta, mean, variance) =
            (read(gamma)?, read(beta)?, read(mean)?, read(variance)?);
        let epsilon = node
            .attribute
            .iter()
            .find(|a| a.name == "epsilon")
            .map_or(1e-5, |a| a.f);
        let scale: Vec<f32> = gamma
            .iter()
            .zip(variance)
            .map(|(g, v)| g / (v + epsilon).sqrt())
            .collect();
        let shift = beta
            .iter()
            .zip(mean)
            .zip(&scale)
            .map(|((b, m), s)| b - m * s)
            .collect();
        Ok((scale, shift))
    }

    /// The numbers of a constant, looked for through a change of shape.
    pub(super) fn floats(&self, name: &str, count: usize) -> TractResult<Vec<f32>> {
        let reshaped = || self.producer(name).filter(|node| node.op_type == "Reshape");
        let tensor = self
            .tensors
            .get(name)
            .or_else(|| self.tensors.get(reshaped()?.input.first()?.as_str()));
        let tensor = tensor.ok_or_else(|| anyhow!("{name} is not a constant"))?;
        ensure!(
            tensor.data_type == DataType::Float as i32,
            "{name} does not consist of floats"
        );
        let values = if tensor.raw_data.is_empty() {
            tensor.float_data.clone()
        } else {
            let words = tensor.raw_data.chunks_exact(4);
            words
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect()
        };
        ensure!(
            values.len() == count,
            "{name} has {} values, {count} are expected",
            values.len()
        );
        Ok(values)
    }

    /// Fails unless every convolution of the file has been taken.
    pub(super) fn finish(mut self) -> TractResult<()> {
        ensure!(
            self.convolutions.next().is_none(),
            "more convolutions than expected"
        );
        Ok(())
    }
}

fn output(node: &NodeProto) -> TractResult<&str> {
    node.output
        .first()
        .map(String::as_str)
        .ok_or_else(|| anyhow!("{}: no output", node.name))
}

impl Convolution {
    fn activation(&mut self, relu: bool) -> Activation {
        let outputs = self.bias.len().next_multiple_of(LANES);
        match self.slopes.take() {
            Some(slopes) => Activation::Slope(padded(slopes)),
            None if relu => Activation::Slope(vec![0.0; outputs]),
            None => Activation::None,
        }
    }

    /// As a product: of a pixel's channels, or of the 3×3 window around it in the order row, column, channel.
    pub(super) fn pointwise(mut self, relu: bool) -> Pointwise {
        let [outputs, inputs, height, width] = self.shape;
        let window = height * width;
        let activation = self.activation(relu);
        Pointwise::new(
            inputs * window,
            outputs,
            self.bias,
            activation,
            |output, at| self.weights[(output * inputs + at % inputs) * window + at / inputs],
        )
    }

    /// As a convolution of each channel by itself.
    pub(super) fn depthwise(mut self, relu: bool) -> Depthwise {
        let [channels, _, height, width] = self.shape;
        let taps = height * width;
        let all = channels.next_multiple_of(LANES);
        let activation = self.activation(relu);
        let mut weights = vec![0.0; taps * all];
        for (channel, of_channel) in self.weights.chunks_exact(taps).enumerate() {
            for (tap, &weight) in of_channel.iter().enumerate() {
                weights[tap * all + channel] = weight;
            }
        }
        Depthwise {
            channels: all,
            weights,
            bias: padded(self.bias),
            activation,
            stride: self.stride,
        }
    }

    /// Several convolutions of the same input as one, their outputs side by side.
    pub(super) fn side_by_side(parts: Vec<Self>) -> Option<Self> {
        parts.into_iter().reduce(|mut all, part| {
            all.shape[0] += part.shape[0];
            all.weights.extend(part.weights);
            all.bias.extend(part.bias);
            all
        })
    }
}

impl Pointwise {
    /// A layer with the weight `weight(output, input)`.
    pub(super) fn new(
        inputs: usize,
        outputs: usize,
        bias: Vec<f32>,
        activation: Activation,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let all = outputs.next_multiple_of(LANES);
        let mut weights = Vec::with_capacity(inputs * all);
        for block in (0..all).step_by(LANES) {
            for input in 0..inputs {
                weights.extend((block..block + LANES).map(|output| {
                    if output < outputs {
                        weight(output, input)
                    } else {
                        0.0
                    }
                }));
            }
        }
        Self {
            inputs,
            outputs: all,
            weights,
            bias: padded(bias),
            activation,
        }
    }
}

fn padded(mut values: Vec<f32>) -> Vec<f32> {
    values.resize(values.len().next_multiple_of(LANES), 0.0);
    values
}
