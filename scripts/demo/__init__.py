"""The built-in demo data: photos of lemons, drawn from nothing but a seed.

`plan` decides which photos there are, `photo` renders one of them: `table` and `turntable` paint
what lies behind the lemon, `shape` gives the body, `peel` and `defects` its skin, `shading` lights
it and `camera` turns light into pixels. Colours are linear light (float32) until the camera.
"""
