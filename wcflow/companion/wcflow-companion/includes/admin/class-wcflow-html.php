<?php
/**
 * How the screens show a date, money, a segment, a tag.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Pieces of HTML that all screens share. Everything returned is escaped.
 */
class Wcflow_Html {

	/**
	 * Return the address of a tab of the wcflow screen.
	 *
	 * @param string $tab  Tab: customers, overview, tasks, customer.
	 * @param array  $args More query arguments.
	 * @return string
	 */
	public static function url( $tab, $args = array() ) {
		return add_query_arg( array_map( 'rawurlencode', array_map( 'strval', $args ) ), admin_url( 'admin.php?page=wcflow&tab=' . $tab ) );
	}

	/**
	 * Return the address of a customer's page.
	 *
	 * @param int $person Person.
	 * @return string
	 */
	public static function person_url( $person ) {
		return self::url( 'customer', array( 'person' => (int) $person ) );
	}

	/**
	 * Return the address of an order's screen, in either storage.
	 *
	 * @param int $order_id Order.
	 * @return string
	 */
	public static function order_url( $order_id ) {
		$hpos = class_exists( '\Automattic\WooCommerce\Utilities\OrderUtil' ) && \Automattic\WooCommerce\Utilities\OrderUtil::custom_orders_table_usage_is_enabled();
		$path = $hpos ? 'admin.php?page=wc-orders&action=edit&id=' : 'post.php?action=edit&post=';
		return admin_url( $path . (int) $order_id );
	}

	/**
	 * Return a point in time as a Unix timestamp, or 0 where it is none.
	 *
	 * @param string $utc Time in UTC.
	 * @return int
	 */
	public static function stamp( $utc ) {
		$utc = is_string( $utc ) ? trim( $utc ) : '';
		if ( ! preg_match( '/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?Z?$/', $utc ) || 0 === strpos( $utc, '0000' ) ) {
			return 0;
		}
		return (int) strtotime( rtrim( $utc, 'Z' ) . ' UTC' );
	}

	/**
	 * Return a date in the site's format and time zone, with the time in the tooltip.
	 *
	 * @param string $utc     Time in UTC.
	 * @param string $nothing What to return where there is no date.
	 * @return string
	 */
	public static function date( $utc, $nothing = '' ) {
		$stamp = self::stamp( $utc );
		if ( ! $stamp ) {
			return $nothing;
		}
		$format = (string) get_option( 'date_format' );
		return sprintf(
			'<time datetime="%s" title="%s">%s</time>',
			esc_attr( gmdate( 'Y-m-d\TH:i:s\Z', $stamp ) ),
			esc_attr( wp_date( $format . ' ' . get_option( 'time_format' ), $stamp ) ),
			esc_html( wp_date( $format, $stamp ) )
		);
	}

	/**
	 * Return how long ago something was, or the date where that is longer than a week.
	 *
	 * @param string $utc Time in UTC.
	 * @return string
	 */
	public static function ago( $utc ) {
		$stamp = self::stamp( $utc );
		if ( ! $stamp || abs( time() - $stamp ) > WEEK_IN_SECONDS ) {
			return self::date( $utc );
		}
		$words = human_time_diff( $stamp, time() );
		/* translators: %s: a time span such as "5 minutes" */
		$words = sprintf( $stamp > time() ? __( 'in %s', 'wcflow-companion' ) : __( '%s ago', 'wcflow-companion' ), $words );
		return sprintf(
			'<time datetime="%s" title="%s">%s</time>',
			esc_attr( gmdate( 'Y-m-d\TH:i:s\Z', $stamp ) ),
			esc_attr( wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $stamp ) ),
			esc_html( $words )
		);
	}

	/**
	 * Return an amount of money as WooCommerce shows it.
	 *
	 * @param string $amount   Decimal string.
	 * @param string $currency Currency, or empty for the store's.
	 * @param string $nothing  What to return where there is no amount.
	 * @return string
	 */
	public static function money( $amount, $currency = '', $nothing = '' ) {
		if ( ! is_numeric( $amount ) ) {
			return $nothing;
		}
		$known = $currency && array_key_exists( $currency, get_woocommerce_currencies() );
		return wp_kses_post( wc_price( (float) $amount, $known ? array( 'currency' => $currency ) : array() ) );
	}

	/**
	 * Return a segment as a chip, linked where an address is given.
	 *
	 * @param string $segment Segment.
	 * @param string $url     Where the chip leads, or empty.
	 * @return string
	 */
	public static function segment( $segment, $url = '' ) {
		if ( '' === $segment ) {
			return '<span aria-hidden="true">–</span><span class="screen-reader-text">' . esc_html__( 'No segment', 'wcflow-companion' ) . '</span>';
		}
		return self::chip( $segment, 'wcflow-segment', $url );
	}

	/**
	 * Return tags as chips: the first few, and how many more there are.
	 *
	 * @param string[] $tags Tags.
	 * @param callable $link Returns the address that a tag leads to.
	 * @param int      $most How many chips are shown.
	 * @return string
	 */
	public static function tags( $tags, $link, $most = 4 ) {
		if ( ! $tags ) {
			return '<span aria-hidden="true">–</span><span class="screen-reader-text">' . esc_html__( 'No tags', 'wcflow-companion' ) . '</span>';
		}
		$html = '';
		foreach ( array_slice( $tags, 0, $most ) as $tag ) {
			$html .= self::chip( $tag, 'wcflow-tag', $link( $tag ) );
		}
		$rest = array_slice( $tags, $most );
		if ( $rest ) {
			/* translators: %s: number of further tags */
			$html .= '<span class="wcflow-more" title="' . esc_attr( implode( ', ', $rest ) ) . '">' . esc_html( sprintf( __( '+%s more', 'wcflow-companion' ), number_format_i18n( count( $rest ) ) ) ) . '</span>';
		}
		return '<span class="wcflow-chips">' . $html . '</span>';
	}

	/**
	 * Return the segment of a person as a cell of a WordPress list, linked to the list with that filter.
	 *
	 * @param array|null $row  Row of the person, or null.
	 * @param string     $base Address of the list within wp-admin.
	 * @return string
	 */
	public static function segment_cell( $row, $base ) {
		$segment = $row ? (string) $row['segment'] : '';
		return self::segment( $segment, '' === $segment ? '' : add_query_arg( 'wcflow_segment', rawurlencode( $segment ), admin_url( $base ) ) );
	}

	/**
	 * Return the tags of a person as a cell of a WordPress list, linked to the list with that filter.
	 *
	 * @param array|null          $row     Row of the person, or null.
	 * @param string              $base    Address of the list within wp-admin.
	 * @param Wcflow_Pending|null $pending Open requests about the person, or null.
	 * @return string
	 */
	public static function tags_cell( $row, $base, $pending ) {
		$link = function ( $tag ) use ( $base ) {
			return add_query_arg( 'wcflow_tag', rawurlencode( $tag ), admin_url( $base ) );
		};
		return $row ? self::open_tags( new Wcflow_Card( $row ), $pending, $link ) : self::tags( array(), $link );
	}

	/**
	 * Return the tags of a person, with what waits for the daemon.
	 *
	 * @param Wcflow_Card         $card    Person.
	 * @param Wcflow_Pending|null $pending Open requests about the person, or null.
	 * @param callable            $link    Returns the address that a tag leads to.
	 * @return string
	 */
	public static function open_tags( $card, $pending, $link ) {
		$names  = $card->words( 'tags' );
		$labels = $pending ? $pending->labels( $names, 'tag' ) : array_fill_keys( $names, '' );
		$html   = '';
		foreach ( array_filter( $labels ) as $name => $state ) {
			$words = 'adding' === $state ? __( 'being added', 'wcflow-companion' ) : __( 'being removed', 'wcflow-companion' );
			$html .= ' <span class="wcflow-is-' . esc_attr( $state ) . '">' . self::chip( (string) $name, 'wcflow-tag' ) . ' <em>' . esc_html( $words ) . '</em></span>';
		}
		$names = array_map( 'strval', array_keys( $labels, '', true ) );
		return ( $names || '' === $html ? self::tags( $names, $link, 3 ) : '' ) . $html;
	}

	/**
	 * Print the two filters of a WordPress list.
	 */
	public static function list_filters() {
		// phpcs:disable WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
		echo self::select( 'wcflow_segment', __( 'Filter by segment', 'wcflow-companion' ), __( 'All segments', 'wcflow-companion' ), self::options( 'segments' ), Wcflow_Bulk::chosen( 'wcflow_segment' ) );
		echo self::select( 'wcflow_tag', __( 'Filter by customer tag', 'wcflow-companion' ), __( 'All customer tags', 'wcflow-companion' ), self::options( 'tags' ), Wcflow_Bulk::chosen( 'wcflow_tag' ) );
		// phpcs:enable
	}

	/**
	 * Return one chip.
	 *
	 * @param string $words What it says.
	 * @param string $kind  CSS class.
	 * @param string $url   Where it leads, or empty.
	 * @return string
	 */
	public static function chip( $words, $kind, $url = '' ) {
		// With dir="auto", what is too long is cut at its end, whichever way it is read.
		$rest = ' class="wcflow-chip ' . esc_attr( $kind ) . '" dir="auto" title="' . esc_attr( $words ) . '">' . esc_html( $words );
		return '' === $url ? '<span' . $rest . '</span>' : '<a href="' . esc_url( $url ) . '"' . $rest . '</a>';
	}

	/**
	 * Return a select field.
	 *
	 * @param string $name    Name of the field.
	 * @param string $label   Label for screen readers.
	 * @param string $all     Words of the first option, which selects nothing.
	 * @param array  $options Value => words.
	 * @param string $chosen  Value that is selected.
	 * @return string
	 */
	public static function select( $name, $label, $all, $options, $chosen ) {
		if ( '' !== $chosen && ! array_key_exists( $chosen, $options ) ) {
			$options[ $chosen ] = $chosen;
		}
		$id    = 'wcflow-filter-' . sanitize_html_class( $name );
		$html  = '<label class="screen-reader-text" for="' . esc_attr( $id ) . '">' . esc_html( $label ) . '</label>';
		$html .= '<select name="' . esc_attr( $name ) . '" id="' . esc_attr( $id ) . '"><option value="">' . esc_html( $all ) . '</option>';
		foreach ( $options as $value => $words ) {
			$html .= '<option value="' . esc_attr( (string) $value ) . '"' . selected( (string) $value, $chosen, false ) . '>' . esc_html( self::short( $words ) ) . '</option>';
		}
		return $html . '</select>';
	}

	/**
	 * Return the names of a list of the vocabulary as options of a select field.
	 *
	 * @param string $kind tags, groups, companies, segments, tiers or note_categories.
	 * @return array
	 */
	public static function options( $kind ) {
		$names = Wcflow_Admin::vocabulary( $kind );
		return $names ? array_combine( $names, $names ) : array();
	}

	/**
	 * Print a list of suggestions for text fields.
	 *
	 * @param string $id   Id of the list.
	 * @param string $kind Kind of the vocabulary.
	 */
	public static function suggestions( $id, $kind ) {
		echo '<datalist id="' . esc_attr( $id ) . '">';
		foreach ( Wcflow_Admin::vocabulary( $kind ) as $name ) {
			echo '<option value="' . esc_attr( $name ) . '"></option>';
		}
		echo '</datalist>';
	}

	/**
	 * Return words cut to a length that a menu can show.
	 *
	 * @param string $words Words.
	 * @param int    $most  Number of characters.
	 * @return string
	 */
	public static function short( $words, $most = 60 ) {
		$words = (string) $words;
		return mb_strlen( $words ) > $most ? mb_substr( $words, 0, $most - 1 ) . '…' : $words;
	}
}
