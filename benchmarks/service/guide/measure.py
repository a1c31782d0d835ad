"""The measure handler as the deployment guide describes it.

The photo is decoded in full, a pose graph is made for each request, lengths are distances between
landmarks scaled by nose to ankle, and the overlay has the photo's size. On the product's own model
bundle, as MediaPipe ships none.
"""

import json
import os
import uuid

import boto3
import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

MODEL = os.environ["POSE_MODEL"]
RESULTS_BUCKET = os.environ["RESULTS_BUCKET"]
ANKLE_TO_VERTEX_OF_NOSE_TO_ANKLE = 1.09
BONES = ((11, 13), (13, 15), (12, 14), (14, 16), (11, 12), (23, 24), (11, 23), (12, 24))
BONES += ((23, 25), (25, 27), (24, 26), (26, 28))
SEGMENTS = {
    "upper_arm": ((11, 13), (12, 14)),
    "forearm": ((13, 15), (14, 16)),
    "thigh": ((23, 25), (24, 26)),
    "calf": ((25, 27), (26, 28)),
    "torso": ((11, 23), (12, 24)),
}

s3 = boto3.client("s3")


def lambda_handler(event, context):
    """Measure the photo at ``image_url``."""
    bucket, key = event["image_url"].removeprefix("s3://").split("/", 1)
    data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    height, width = image.shape[:2]
    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=MODEL), min_pose_detection_confidence=0.5
    )
    with vision.PoseLandmarker.create_from_options(options) as landmarker:
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        result = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb))
    if not result.pose_landmarks:
        return {"status": "error", "error": {"code": "NO_PERSON"}}
    points = np.array([(p.x * width, p.y * height) for p in result.pose_landmarks[0]])

    def distance(one, other):
        return float(np.linalg.norm(points[one] - points[other]))

    nose_to_ankle = (distance(0, 27) + distance(0, 28)) / 2
    cm_per_px = event["height_cm"] / (nose_to_ankle * ANKLE_TO_VERTEX_OF_NOSE_TO_ANKLE)
    lengths = {
        name: round(sum(distance(*ends) for ends in sides) / 2 * cm_per_px, 1)
        for name, sides in SEGMENTS.items()
    }
    pixels = points.round().astype(int).tolist()
    for one, other in BONES:
        cv2.line(image, pixels[one], pixels[other], (0, 255, 0), 6)
    for point in pixels:
        cv2.circle(image, point, 10, (0, 0, 255), -1)
    for line, (name, cm) in enumerate(lengths.items(), start=1):
        place = (40, 100 * line)
        cv2.putText(image, f"{name}: {cm} cm", place, cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 6)
    overlay = cv2.imencode(".jpg", image)[1].tobytes()
    name = f"results/{event['user_id']}/{uuid.uuid4().hex}"
    s3.put_object(Bucket=RESULTS_BUCKET, Key=f"{name}/overlay.jpg", Body=overlay)
    s3.put_object(
        Bucket=RESULTS_BUCKET, Key=f"{name}/measurement.json", Body=json.dumps(lengths).encode()
    )
    return {"status": "success", "data": lengths}
