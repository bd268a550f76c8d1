"""The face pipeline by others: OpenCV decodes, scales and aligns, ONNX Runtime runs both networks, on one thread.

    pipeline.py MODELS

Reads one request a line, answers one JSON object a line:
    time PHOTO    decode to embedding; `cpu_ns`, the processor time of this process, and the embedding
    judge PHOTO   the same, and besides ONNX Runtime's best face the one OpenCV's own FaceDetectorYN finds
"""
import json
import pathlib
import sys
import time

import cv2
import numpy as np
import onnx
import onnxruntime

SIDE, LEAST, OVERLAP = 640, 0.8, 0.3

cv2.setNumThreads(1)
onnxruntime.set_default_logger_severity(3)
models = pathlib.Path(sys.argv[1])
detector_file = str(models / "face_detection_yunet_2023mar.onnx")
embedder_file = str(models / "face_recognition_sface_2021dec_int8bq.onnx")


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


detector = session(detector_file)
outputs = [f"{kind}_{stride}" for stride in (8, 16, 32) for kind in ("cls", "obj", "bbox", "kps")]
# The file still declares as inputs the weights it was quantised from; ONNX Runtime would want them fed.
model = onnx.load(embedder_file)
read = {name for node in model.graph.node for name in node.input}
inputs = [i for i in model.graph.input if i.name in read]
del model.graph.input[:]
model.graph.input.extend(inputs)
embedder = session(model.SerializeToString())
aligner = cv2.FaceRecognizerSF.create(embedder_file, "")
opencv_detector = cv2.FaceDetectorYN.create(detector_file, "", (SIDE, SIDE), LEAST, OVERLAP, 5000)


def letterbox(picture):
    height, width = picture.shape[:2]
    longer = max(height, width)
    scaled = [n if longer <= SIDE else (n * SIDE + longer // 2) // longer for n in (width, height)]
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    small = picture if longer <= SIDE else cv2.resize(picture, scaled, interpolation=cv2.INTER_AREA)
    square[: scaled[1], : scaled[0]] = small
    return square, (width / scaled[0], height / scaled[1])


def detect(square):
    """The best face as FaceDetectorYN reports it: box, five landmarks, score."""
    blob = square.transpose(2, 0, 1)[None].astype(np.float32)
    answers = dict(zip(outputs, detector.run(outputs, {detector.get_inputs()[0].name: blob})))
    best = None
    for stride in (8, 16, 32):
        cells = SIDE // stride
        scores = np.sqrt(np.clip(answers[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(answers[f"obj_{stride}"][0, :, 0], 0, 1))
        at = int(scores.argmax())
        if scores[at] < LEAST or (best is not None and scores[at] <= best[14]):
            continue
        column, row = at % cells, at // cells
        box, points = answers[f"bbox_{stride}"][0, at], answers[f"kps_{stride}"][0, at]
        width, height = np.exp(box[2]) * stride, np.exp(box[3]) * stride
        face = [(column + box[0]) * stride - width / 2, (row + box[1]) * stride - height / 2, width, height]
        for i in range(5):
            face += [(points[2 * i] + column) * stride, (points[2 * i + 1] + row) * stride]
        best = np.array(face + [scores[at]], np.float32)
    return best


def full_size(face, scale):
    across, down = scale
    face = face.copy()
    face[0:14:2] *= across
    face[1:14:2] *= down
    return face


def embed(picture, face):
    aligned = aligner.alignCrop(picture, face.reshape(1, 15))
    blob = cv2.dnn.blobFromImage(aligned, 1, (112, 112), (0, 0, 0), True, False)
    embedding = embedder.run(None, {embedder.get_inputs()[0].name: blob})[0].flatten()
    return embedding / np.linalg.norm(embedding)


def shown(face):
    return None if face is None else [round(float(v), 4) for v in face]


def answer(request, path):
    begun = time.process_time_ns()
    with open(path, "rb") as file:
        picture = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    square, scale = letterbox(picture)
    face = detect(square)
    face = None if face is None else full_size(face, scale)
    embedding = None if face is None else embed(picture, face)
    spent = time.process_time_ns() - begun
    out = {"cpu_ns": spent, "embedding": None if embedding is None else [float(v) for v in embedding]}
    if request == "judge":
        _, found = opencv_detector.detect(square)
        best = None if found is None else full_size(max(found, key=lambda f: f[14]), scale)
        out |= {"onnxruntime": shown(face), "opencv": shown(best)}
    return out


print(json.dumps({"ready": f"ONNX Runtime {onnxruntime.__version__}, OpenCV {cv2.__version__}"}), flush=True)
for line in sys.stdin:
    request, path = line.rstrip("\n").split(" ", 1)
    print(json.dumps(answer(request, path)), flush=True)
