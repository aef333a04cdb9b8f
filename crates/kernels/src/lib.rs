//! Numerical kernels of imaging: gridding, degridding, FFT, w-correction, weighting.
