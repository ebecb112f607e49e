"""What the exports and the ways from images to probabilities are called, everywhere."""

PADDLE = "Paddle Inference"
PADDLE_2 = "Paddle Inference 2.x"
ONNX = "ONNX Runtime"
INT8 = "ONNX Runtime INT8"
OPENVINO = "OpenVINO"

# The files of Paddle's programs: of version 3, of version 2, and the weights of both.
PROGRAM = "inference.json"
OLD_PROGRAM = "inference.pdmodel"
WEIGHTS = "inference.pdiparams"
