<?php // Only starts WordPress.
