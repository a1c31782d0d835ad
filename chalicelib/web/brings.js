// Half of a length's 95 % interval, cm, mean over lengths and rendered people (docs/accuracy.md): with
// the photo from the front alone, and with each further one. Written by `make accuracy DOCS=1`.
"use strict";

const HALF_95_CM = { front: 2.6, side: 2.4, second: 2.4 };
