#!/usr/bin/env python3
"""Makes reference.json: what OpenCV and ONNX Runtime find in the test photographs.

    pip install opencv-python-headless onnx onnxruntime numpy
    python3 make_reference.py

For each photograph OpenCV's FaceDetectorYN looks at the picture scaled into 640x640 (INTER_AREA, black below and to the
right), FaceRecognizerSF.alignCrop aligns the best face in the full picture, and ONNX Runtime runs the embedder on it.
Boxes and landmarks are pixels of the full picture; the embedding is scaled to unit length. What the embedder sees of
mouth, right and left eye is added up with the weights in src/net/sight/weights.rs.
"""
import json
import pathlib
import re

import cv2
import numpy as np
import onnx
import onnxruntime

here = pathlib.Path(__file__).resolve().parent
root = here.parents[2]
models = root / "issuer/models"
photos = root / "tests/fixtures/photos"
SIDE = 640

detector = cv2.FaceDetectorYN.create(
    str(models / "face_detection_yunet_2023mar.onnx"), "", (SIDE, SIDE), 0.8, 0.3, 5000)
embedder_file = str(models / "face_recognition_sface_2021dec_int8bq.onnx")
# The file still declares as inputs the weights it was quantised from; ONNX Runtime would want them fed.
embedder = onnx.load(embedder_file)
read = {name for node in embedder.graph.node for name in node.input}
inputs = [i for i in embedder.graph.input if i.name in read]
del embedder.graph.input[:]
embedder.graph.input.extend(inputs)
# What the fifth and the sixth unit make of the picture: each unit has two activations, and one comes before them all.
units = [node.output[0] for node in embedder.graph.node if node.op_type == "PRelu"][2::2]
for name in units[4:6]:
    embedder.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
source = (here.parent / "src/net/sight/weights.rs").read_text()
weights = {name: np.array([float(v) for v in values.replace(",", " ").split()])
           for name, values in re.findall(r"const (\w+): [^=]*= \[?([^\];]*)\]?;", source)}
onnxruntime.set_default_logger_severity(3)
session = onnxruntime.InferenceSession(embedder.SerializeToString(), providers=["CPUExecutionProvider"])
try:
    aligner = cv2.FaceRecognizerSF.create(embedder_file, "")
except cv2.error as error:
    raise SystemExit(f"this OpenCV does not read the block-quantised file: {error}")


def sight(eyes, mouth):
    """Mouth, right eye, left eye, from maps of channels, rows and columns."""
    def eye(columns, name):
        window = eyes[:, 11:15, columns]
        values = np.concatenate([window.mean((1, 2)), window.std((1, 2))])
        return values @ weights[name] + weights[name + "_BIAS"][0]
    lips = mouth[:, 10:13, 5:9].mean((1, 2)) @ weights["MOUTH"] + weights["MOUTH_BIAS"][0]
    return lips, eye(slice(7, 12), "RIGHT"), eye(slice(16, 21), "LEFT")


def reference(path):
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    height, width = picture.shape[:2]
    longer = max(height, width)
    scaled = [n if longer <= SIDE else (n * SIDE + longer // 2) // longer for n in (width, height)]
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    square[: scaled[1], : scaled[0]] = cv2.resize(picture, scaled, interpolation=cv2.INTER_AREA)
    _, faces = detector.detect(square)
    faces = [] if faces is None else sorted(faces.tolist(), key=lambda f: -f[14])
    across, down = width / scaled[0], height / scaled[1]
    faces = [[v * (across if i % 2 == 0 else down) for i, v in enumerate(f[:14])] + [f[14]] for f in faces]
    aligned = aligner.alignCrop(picture, np.array(faces[0], np.float32).reshape(1, 15))
    blob = cv2.dnn.blobFromImage(aligned, 1, (112, 112), (0, 0, 0), True, False)
    embedding, eyes, mouth = [values[0] for values in session.run(None, {session.get_inputs()[0].name: blob})]
    embedding = embedding / np.linalg.norm(embedding)
    return {
        "faces": [{"box": [round(v, 3) for v in f[:4]],
                   "landmarks": [[round(f[4 + 2 * i], 3), round(f[5 + 2 * i], 3)] for i in range(5)],
                   "score": round(f[14], 4)} for f in faces],
        "sight": [round(float(v), 3) for v in sight(eyes, mouth)],
        "embedding": [round(float(v), 6) for v in embedding],
    }


names = [
    "impostor_1.jpg", "impostor_2.jpg", "person_a_1.jpg", "person_a_2.jpg", "person_b_1.jpg", "person_b_2.jpg",
    "person_c_1.jpg", "posterised_a.png",
]
out = {
    "made_with": {"opencv": cv2.__version__, "onnxruntime": onnxruntime.__version__},
    "photos": {n: reference(photos / n) for n in names},
}
photo_lines = ",\n".join(f"  {json.dumps(n)}: {json.dumps(p)}" for n, p in out["photos"].items())
(here / "reference.json").write_text(
    f'{{\n "made_with": {json.dumps(out["made_with"])},\n "photos": {{\n{photo_lines}\n }}\n}}\n')

vectors = {n: np.array(p["embedding"]) for n, p in out["photos"].items()}
for a in vectors:
    for b in vectors:
        if a < b:
            print(f"{a} {b} {vectors[a] @ vectors[b]:.3f}")
