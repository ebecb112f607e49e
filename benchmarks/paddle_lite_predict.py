"""Probabilities by Paddle Lite for paddle_lite.py.

Run by an interpreter that has paddlelite: paddle_lite_predict.py model.nb images.npy out.npy
"""

import sys

import numpy as np
from paddlelite import lite

model, images, out = sys.argv[1:]
settings = lite.MobileConfig()
settings.set_model_from_file(model)
predictor = lite.create_paddle_predictor(settings)
found = []
for image in np.load(images):
    given = predictor.get_input(0)
    given.resize([1, *image.shape])
    given.set_uint8_data(image.ravel().tolist())  # from_numpy keeps memory that is freed
    predictor.run()
    found.append(predictor.get_output(0).float_data())
np.save(out, np.array(found, np.float32))
