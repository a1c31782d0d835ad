"""The recommend handler as the deployment guide describes it: a random forest, read by joblib."""

import json
import os

import joblib
import numpy as np

FEATURES = ("height", "upper_arm", "forearm", "thigh", "calf", "torso")
OUTPUTS = ("seat_fore_aft", "seat_height", "recline", "wheel_telescope", "wheel_tilt")

forest = joblib.load(os.environ["FOREST"])


def lambda_handler(event, context):
    """Answer ``POST /recommend``."""
    body = json.loads(event["body"])
    row = np.array([[body[name] for name in FEATURES]])
    settings = dict(zip(OUTPUTS, forest.predict(row)[0].round(1).tolist(), strict=True))
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"status": "success", "data": settings}),
    }
