"""The picture in the README is what a run says today."""

import unittest

import recording


class Recording(unittest.TestCase):
    maxDiff = None

    def test_the_picture_is_true(self):
        kept = recording.lasting(recording.PICTURE.read_text())
        self.assertEqual(kept, recording.lasting(recording.record()), "record it anew: tests/docs/recording.py says how")
