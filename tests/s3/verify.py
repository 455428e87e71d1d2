"""Fetches an object that a signed address leads to, with a key of its own, and checks the signature of the address.

Arguments: the address of the server, the key's id, its secret, the signed address. Prints the object's size and type.
"""

import sys
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

endpoint, key, secret, address = sys.argv[1:]
parts = urlsplit(address)
query = {name: values[0] for name, values in parse_qs(parts.query).items()}

unsigned = "&".join(part for part in parts.query.split("&") if not part.startswith("X-Amz-Signature="))
request = AWSRequest(method="GET", url=parts._replace(query=unsigned).geturl())
request.context["timestamp"] = query["X-Amz-Date"]
auth = S3SigV4QueryAuth(Credentials(key, secret), "s3", "us-east-1", expires=int(query["X-Amz-Expires"]))
expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
assert expected == query["X-Amz-Signature"], f"{expected} is expected in {address}"

client = boto3.client(
    "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret
)
bucket, name = unquote(parts.path).lstrip("/").split("/", 1)
stored = client.get_object(Bucket=bucket, Key=name)
print(len(stored["Body"].read()), stored["ContentType"])
