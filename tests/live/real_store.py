"""A real WooCommerce, requested without wcflow's client, as an admin's other tools would."""

from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from woocommerce.oauth import OAuth


class SignedQuery(AuthBase):
    """Sign requests with OAuth 1.0a, because WooCommerce refuses passwords over plain http."""

    def __init__(self, key, secret):
        self.key, self.secret = key, secret

    def __call__(self, request):
        oauth = OAuth(request.url, self.key, self.secret, version="wc/v3", method=request.method)
        request.url = oauth.get_oauth_url()
        return request


class RealStore:
    """The store at ``https://ck_…:cs_…@host/path``; ``ca`` is a file with its certificate."""

    def __init__(self, url, ca=None):
        self.address, parts = url, urlsplit(url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self.key, self.secret, self.ca = parts.username, parts.password, ca or None
        self.url = f"{parts.scheme}://{host}{parts.path}"
        auth = HTTPBasicAuth if parts.scheme == "https" else SignedQuery
        self._auth, self._session = auth(self.key, self.secret), requests.Session()

    def send(self, method, path, *, params=None, json=None):
        """Send a request; ``path`` is below ``/wp-json``."""
        return self._session.request(
            method,
            f"{self.url}/wp-json{path}",
            auth=self._auth,
            verify=self.ca or True,
            timeout=60,
            params=params,
            json=json,
        )
