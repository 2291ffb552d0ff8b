from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery.spec.urls import HttpUrl, InvalidUrlError, S3Url, parse_prefix_url, parse_source_url

buckets = st.from_regex(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9](\.[a-z0-9]{3,10})?", fullmatch=True)
dotless_buckets = st.from_regex(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]", fullmatch=True).filter(
    # These are AWS's own labels, which no bucket may begin with.
    lambda name: not name.startswith(("s3", "sthree", "amzn"))
)
regions = st.sampled_from(["us-east-1", "eu-west-3", "ap-southeast-4", "us-gov-west-1", "mx-central-1"])
keys = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
    .map(str.strip)
    .filter(lambda key: key.rpartition("/")[2] not in ("", ".", ".."))
    .filter(lambda key: "@" not in key and "=" not in key)
    .filter(lambda key: "*" not in key.rpartition("/")[0])
)

KEY = "folder/table one.csv"


class TestFormsOfS3Urls:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("s3://my-bucket/a.csv", S3Url("my-bucket", "a.csv")),
            ("S3://my-bucket/a.csv", S3Url("my-bucket", "a.csv")),
            ("s3a://my-bucket/a.csv", S3Url("my-bucket", "a.csv")),
            ("s3n://my-bucket/a.csv", S3Url("my-bucket", "a.csv")),
            ("s3://my.dotted.bucket/a.csv", S3Url("my.dotted.bucket", "a.csv")),
            ("s3://Old_Bucket/a.csv", S3Url("Old_Bucket", "a.csv")),
            ("s3://my-bucket//a//b.csv", S3Url("my-bucket", "/a//b.csv")),
            ("s3://my-bucket/a b+c%20d?e#f.csv", S3Url("my-bucket", "a b+c%20d?e#f.csv")),
            ("s3://my-bucket/me@home.csv", S3Url("my-bucket", "me@home.csv")),
            ("s3://my-bucket/10:30/me@home.csv", S3Url("my-bucket", "10:30/me@home.csv")),
            ("s3://my-bucket/{{ ds }}/a.csv", S3Url("my-bucket", "{{ ds }}/a.csv")),
            ("s3://my-bucket/{{ ds }}", S3Url("my-bucket", "{{ ds }}")),
            ("arn:aws:s3:::my-bucket/a/b.csv", S3Url("my-bucket", "a/b.csv")),
            ("arn:aws-cn:s3:::my-bucket/a.csv", S3Url("my-bucket", "a.csv")),
            (
                "https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv",
                S3Url("iasd-data-in-the-cloud", "petrol_consumption.csv", "eu-west-3"),
            ),
            (
                "https://b01.s3.eu-west-3.amazonaws.com/{{ ds }}/a.csv",
                S3Url("b01", "{{ ds }}/a.csv", "eu-west-3"),
            ),
            (
                "https://b01.s3.eu-west-3.amazonaws.com/%7B%7Bds%7D%7D.csv",
                S3Url("b01", "{{ds}}.csv", "eu-west-3"),
            ),
            (
                "https://s3.console.aws.amazon.com/s3/object/b01?region=eu-west-3&prefix=a/b+c.csv",
                S3Url("b01", "a/b c.csv", "eu-west-3"),
            ),
            (
                "https://eu-west-3.console.aws.amazon.com/s3/object/b01?prefix=a%2Fb.csv",
                S3Url("b01", "a/b.csv"),
            ),
            ("HTTPS://B01.S3.Amazonaws.com/A.csv", S3Url("b01", "A.csv")),
            ("https://b01.s3.amazonaws.com:443/a.csv", S3Url("b01", "a.csv")),
            ("https://b01.s3.amazonaws.com//a.csv", S3Url("b01", "/a.csv")),
        ],
    )
    def test_written(self, text, expected):
        assert parse_source_url(text) == expected

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize(
        ("host", "region"),
        [
            ("s3.amazonaws.com", None),
            ("s3.eu-west-3.amazonaws.com", "eu-west-3"),
            ("s3-eu-west-1.amazonaws.com", "eu-west-1"),
            ("s3.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("s3.dualstack.ap-south-1.amazonaws.com", "ap-south-1"),
            ("s3-fips.us-east-2.amazonaws.com", "us-east-2"),
            ("s3-fips.dualstack.us-east-2.amazonaws.com", "us-east-2"),
            ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
            ("s3-external-1.amazonaws.com", None),
            ("s3-website.eu-central-1.amazonaws.com", "eu-central-1"),
            ("s3-website-us-east-1.amazonaws.com", "us-east-1"),
            ("s3-accelerate.amazonaws.com", None),
            ("s3-accelerate.dualstack.amazonaws.com", None),
        ],
    )
    def test_hosts(self, scheme, host, region):
        """Each host is read with the bucket in its name and with the bucket in the path."""
        expected = S3Url("my.data-set", "folder/table one+two.csv", region)
        path = "folder/table%20one%2Btwo.csv"
        assert parse_source_url(f"{scheme}://my.data-set.{host}/{path}") == expected
        assert parse_source_url(f"{scheme}://{host}/my.data-set/{path}") == expected

    def test_directory_bucket(self):
        url = parse_source_url("https://b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com/a.csv")
        assert url == S3Url("b--usw2-az1--x-s3", "a.csv", "us-west-2")

    def test_a_plus_in_an_address_is_a_space_as_the_console_writes_it(self):
        assert parse_source_url("https://b01.s3.amazonaws.com/a+b.csv").key == "a b.csv"

    @given(bucket=buckets, key=keys)
    def test_an_s3_url_is_read_back_as_written(self, bucket, key):
        url = S3Url(bucket, key)
        assert parse_source_url(str(url)) == url

    @given(bucket=dotless_buckets, key=keys, region=regions)
    def test_all_forms_of_one_object_are_the_same(self, bucket, key, region):
        escaped = quote(key)
        expected = S3Url(bucket, key, region)
        assert parse_source_url(f"https://{bucket}.s3.{region}.amazonaws.com/{escaped}") == expected
        assert parse_source_url(f"https://s3.{region}.amazonaws.com/{bucket}/{escaped}") == expected
        assert parse_source_url(f"https://{bucket}.s3-{region}.amazonaws.com/{escaped}") == expected
        assert parse_source_url(f"https://s3.dualstack.{region}.amazonaws.com/{bucket}/{escaped}") == expected
        assert (
            parse_source_url(
                f"https://{region}.console.aws.amazon.com/s3/object/{bucket}?prefix={quote(key, safe='')}&region={region}"
            )
            == expected
        )

    @given(st.sampled_from(["", "s3://", "https://", "https://b01.s3.amazonaws.com/"]), st.text())
    def test_any_other_text_is_read_or_refused(self, start, text):
        for parse in (parse_source_url, parse_prefix_url):
            with contextlib.suppress(InvalidUrlError):
                assert str(parse(start + text))


class TestPatterns:
    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("s3://bucket/*.csv", "*.csv"),
            ("s3://bucket/2026/{{ ds }}/part-*-of-*.parquet", "2026/{{ ds }}/part-*-of-*.parquet"),
            ("https://bucket.s3.eu-west-3.amazonaws.com/2026/*.csv", "2026/*.csv"),
            ("https://bucket.s3.amazonaws.com/2026/%2A.csv", "2026/*.csv"),
        ],
    )
    def test_a_star_in_the_last_part_of_a_key_makes_one(self, text, key):
        url = parse_source_url(text)
        assert url.key == key
        assert url.is_pattern

    def test_other_marks_of_shells_make_none(self):
        assert not parse_source_url("s3://bucket/table[1]?{a,b}.csv").is_pattern

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("s3://bucket/*/table.csv", "folder name; use it only in the last part"),
            ("s3://bucket/2026-*/*.csv", "folder name"),
            ("https://bucket.s3.amazonaws.com/%2A/a.csv", "folder name"),
            ("s3://*/table.csv", "invalid bucket name"),
            ("https://example.com/data/*.csv", "only S3 can list files"),
        ],
    )
    def test_where_a_star_may_not_stand(self, text, problem):
        with pytest.raises(InvalidUrlError, match=problem):
            parse_source_url(text)

    @pytest.mark.parametrize("text", ["https://example.com/%2A.csv", "https://example.com/export?select=*"])
    def test_a_web_address_may_hold_one_that_lists_nothing(self, text):
        assert parse_source_url(text) == HttpUrl(text)


class TestPlainHttp:
    @pytest.mark.parametrize(
        ("text", "file_name"),
        [
            ("https://example.com/data/table.csv.gz", "table.csv.gz"),
            ("http://127.0.0.1:9000/bucket/table.csv", "table.csv"),
            ("http://127.0.0.1:9000/bucket/me@home.csv", "me@home.csv"),
            ("http://[::1]:9000/bucket/me@home.csv", "me@home.csv"),
            ("https://example.com/export?format=csv&year={{ ds }}", "export"),
            ("https://example.com/a%20b.csv", "a b.csv"),
            ("https://example.com/{{ ds }}.csv", "{{ ds }}.csv"),
            ("https://example.com/folder/", "folder"),
            ("https://example.com", "dataset"),
            ("https://example.com/a..b/%2e%2e%2fetc", "etc"),
            ("https://storage.googleapis.com/bucket/table.csv", "table.csv"),
            ("https://bucket.nyc3.digitaloceanspaces.com/table.csv", "table.csv"),
            ("https://my.s3.amazonaws.com.example.com/table.csv", "table.csv"),
            ("https://s3.example.com/bucket/table.csv", "table.csv"),
            ("https://notamazonaws.com/table.csv", "table.csv"),
        ],
    )
    def test_is_kept_as_written(self, text, file_name):
        url = parse_source_url(text)
        assert url == HttpUrl(text)
        assert str(url) == text
        assert url.file_name == file_name


class TestPrefixes:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("s3://models/petrol/{{ ds }}/", S3Url("models", "petrol/{{ ds }}/")),
            ("s3://models/petrol/{{ ds }}", S3Url("models", "petrol/{{ ds }}/")),
            ("s3://models", S3Url("models", "")),
            ("s3://models/", S3Url("models", "")),
            ("https://models.s3.eu-west-3.amazonaws.com/a", S3Url("models", "a/", "eu-west-3")),
            ("https://s3.console.aws.amazon.com/s3/buckets/models?prefix=a/", S3Url("models", "a/")),
        ],
    )
    def test_end_with_a_slash(self, text, expected):
        assert parse_prefix_url(text) == expected

    def test_are_on_s3(self):
        with pytest.raises(InvalidUrlError, match="not on S3"):
            parse_prefix_url("https://example.com/models/")

    def test_a_wildcard_names_no_prefix(self):
        with pytest.raises(InvalidUrlError, match="write one prefix"):
            parse_prefix_url("s3://models/churn*/")


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "is empty"),
            (" s3://bucket/a.csv", "white space"),
            ("s3://bucket/a.csv\n", "white space"),
            ("s3://bucket/a\x00b.csv", "control characters"),
            ("https://b01.s3.amazonaws.com/a%0Ab.csv", "control characters"),
            ("https://b01.s3.amazonaws.com/a%FF.csv", "not UTF-8"),
            ("table.csv", "not a supported URL"),
            ("/data/table.csv", "not a supported URL"),
            ("s3:/bucket/a.csv", "not a supported URL"),
            ("s3//bucket/a.csv", "not a supported URL"),
            ("gs://bucket/a.csv", "not a supported URL"),
            ("file:///etc/passwd", "not a supported URL"),
            ("s3://", "no bucket"),
            ("s3:///a.csv", "no bucket"),
            ("https://s3.amazonaws.com/", "no bucket"),
            ("s3://bucket", "names a folder"),
            ("s3://bucket/", "names a folder"),
            ("s3://bucket/folder/", "names a folder"),
            ("s3://bucket/..", "names a folder"),
            ("https://b01.s3.amazonaws.com/", "names a folder"),
            ("s3://a/b.csv", "invalid bucket name"),
            ("s3://-bucket/b.csv", "invalid bucket name"),
            ("s3://my bucket/b.csv", "invalid bucket name"),
            ("s3://{{ ds }}/a.csv", "template in the bucket"),
            ("s3://data-{{ ds }}/a.csv", "template in the bucket"),
            ("https://s3.amazonaws.com/{{ ds }}/a.csv", "template in the bucket"),
            ("https://{{ ds }}.s3.amazonaws.com/a.csv", "only in the path"),
            ("https://{{ host }}/a.csv", "only in the path"),
            ("{{ scheme }}://bucket/a.csv", "not a supported URL"),
            ("https:///a.csv", "host"),
            ("https://example.com:port/a.csv", "not a valid URL"),
            ("https://[::1/a.csv", "not a valid URL"),
            ("https://b01.s3.amazonaws.com/a.csv?versionId=1", "query"),
            ("https://b01.s3.amazonaws.com/a.csv#part", "fragment"),
            ("https://my-point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/a.csv", "access point"),
            ("https://s3.console.aws.amazon.com/s3/home?region=eu-west-1", "console"),
            ("s3://bucket/" + "k" * 1025, "1024 bytes"),
            ("s3://bucket/" + "é" * 513, "1024 bytes"),
        ],
    )
    def test_what_names_no_object(self, text, problem):
        with pytest.raises(InvalidUrlError, match=problem) as caught:
            parse_source_url(text)
        assert caught.value.url == text

    @pytest.mark.parametrize(
        "text",
        [
            "https://b01.s3.amazonaws.com/a.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=SECRET",
            "https://b01.s3.amazonaws.com/a.csv?AWSAccessKeyId=AKIA&Signature=SECRET&Expires=1",
            "s3://bucket/a.csv?X-Amz-Security-Token=SECRET",
            "https://storage.googleapis.com/b/a.csv?x-goog-signature=SECRET",
            "https://account.blob.core.windows.net/c/a.csv?sv=2026&sig=SECRET",
            "https://example.com/a.csv?access_token=SECRET",
            "https://example.com/a.csv?format=csv&api_key=SECRET",
            "https://user:SECRET@example.com/a.csv",
            "https://SECRET@example.com/a.csv",
            "s3://AKIA:SECRET@bucket/a.csv",
            "s3://AKIA:SEC/RET/SECRET@bucket/a.csv",
            "https://user:SECRET@b01.s3.amazonaws.com/a.csv",
        ],
    )
    def test_secrets_are_refused_and_not_repeated(self, text):
        for parse in (parse_source_url, parse_prefix_url):
            with pytest.raises(InvalidUrlError, match="Airflow connection") as caught:
                parse(text)
            assert "SECRET" not in str(caught.value)
            assert "SECRET" not in repr(vars(caught.value))
