"""Posts a body of a length, a piece at a time, and prints the status of the answer."""

import http.client
import sys
import urllib.error
import urllib.parse
import urllib.request

client, url, length = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Zeros:
    """A file of zeros, which is longer than one wants in memory."""

    def __init__(self):
        self.left = length

    def __len__(self):
        return length

    def read(self, size=-1):
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        return bytes(size)


headers = {"Content-Length": str(length)}
if client == "http.client":
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=50)
    connection.request("POST", place.path, Zeros(), headers)
    print(connection.getresponse().status)
elif client == "urllib":
    try:
        request = urllib.request.Request(url, Zeros(), headers, method="POST")
        print(urllib.request.urlopen(request, timeout=50).status)
    except urllib.error.HTTPError as error:
        print(error.code)
else:
    import requests

    print(requests.post(url, data=Zeros(), headers=headers, timeout=50).status_code)
