"""What the ways from images to probabilities are called, in every table and message."""

PADDLE = "Paddle Inference"
PADDLE_2 = "Paddle Inference, format of 2.x"
ONNX = "ONNX Runtime"
INT8 = "ONNX Runtime INT8"
OPENVINO = "OpenVINO"
