"""Whether a cleaned image has the points of the sky where they are: found.py IMAGE.fits; largest errors, pixels and shares.

A parabola through the pixels around the nearest one gives place and height. The mean of the channels is expected."""
import sys
import numpy as np
from astropy.io import fits

POINTS = [(75.0, 40.0, 1.0, (-0.7,), True), (75.0 + 40 / 240, 40 + 5 / 60, 0.5, (0.5, -0.2), True), (75.0 - 30 / 240, 39 + 48 / 60 + 20 / 3600, 0.25, (0.1,), False)]
hdu = fits.open(sys.argv[1])[0]
image, h = hdu.data.squeeze(), hdu.header
ra0, dec0 = np.deg2rad(h['CRVAL1']), np.deg2rad(h['CRVAL2'])
x = (1.4e9 + 4e6 * np.arange(8)) / 1.4e9
worst_px, worst_flux = 0.0, 0.0
for ra, dec, flux, c, log in POINTS:
    ra, dec = np.deg2rad(ra), np.deg2rad(dec)
    if log:
        flux = np.mean(flux * x ** sum(ck * np.log10(x) ** k for k, ck in enumerate(c)))
    else:
        flux = np.mean(flux + sum(ck * (x - 1) ** (k + 1) for k, ck in enumerate(c)))
    l = np.cos(dec) * np.sin(ra - ra0)
    m = np.sin(dec) * np.cos(dec0) - np.cos(dec) * np.sin(dec0) * np.cos(ra - ra0)
    px = h['CRPIX1'] - 1 + np.rad2deg(l) / h['CDELT1']
    py = h['CRPIX2'] - 1 + np.rad2deg(m) / h['CDELT2']
    i, j = int(round(px)), int(round(py))
    near = np.log(image[j - 1:j + 2, i - 1:i + 2])
    yy, xx = np.mgrid[-1:2, -1:2]
    terms = np.stack([np.ones(9), xx.ravel(), yy.ravel(), xx.ravel() ** 2, yy.ravel() ** 2, (xx * yy).ravel()], 1)
    k = np.linalg.lstsq(terms, near.ravel(), rcond=None)[0]
    dx, dy = np.linalg.solve([[2 * k[3], k[5]], [k[5], 2 * k[4]]], [-k[1], -k[2]])
    peak = np.exp(np.array([1, dx, dy, dx * dx, dy * dy, dx * dy]) @ k)
    worst_px = max(worst_px, np.hypot(i + dx - px, j + dy - py))
    worst_flux = max(worst_flux, abs(peak / flux - 1))
print(f'{worst_px:.4f} {worst_flux:.5f}')
