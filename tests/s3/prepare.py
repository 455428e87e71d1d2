"""Makes a user, a bucket and a key on a moto server, which demands valid signatures from then on. Prints the key."""

import json
import sys

import boto3

server = {
    "endpoint_url": sys.argv[1],
    "region_name": "us-east-1",
    "aws_access_key_id": "none",
    "aws_secret_access_key": "none",
}
iam = boto3.client("iam", **server)
iam.create_user(UserName="capture")
everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
iam.put_user_policy(UserName="capture", PolicyName="everything", PolicyDocument=json.dumps(everything))
boto3.client("s3", **server).create_bucket(Bucket="pictures")
key = iam.create_access_key(UserName="capture")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
