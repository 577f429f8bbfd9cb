<?php
/**
 * The list of customers as a CSV file.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Writes the customers who match the filters, a few hundred at a time, so that memory stays small.
 */
class Wcflow_Export {

	const STEP = 500;

	/**
	 * Hook up the download.
	 */
	public static function init() {
		add_action( 'admin_post_wcflow_export', array( __CLASS__, 'download' ) );
	}

	/**
	 * Return the address of the download.
	 *
	 * @param array $filters Filters of the list.
	 * @return string
	 */
	public static function url( $filters ) {
		$args = array_map( 'rawurlencode', array_map( 'strval', $filters ) );
		return wp_nonce_url( add_query_arg( $args, admin_url( 'admin-post.php?action=wcflow_export' ) ), 'wcflow_export' );
	}

	/**
	 * Send the file.
	 */
	public static function download() {
		check_admin_referer( 'wcflow_export' );
		if ( ! Wcflow_Admin::may_edit() ) {
			wp_die( esc_html__( 'You are not allowed to export customers.', 'wcflow-companion' ), '', array( 'response' => 403 ) );
		}
		wc_set_time_limit( 0 );
		nocache_headers();
		header( 'Content-Type: text/csv; charset=utf-8' );
		header( 'Content-Disposition: attachment; filename="customers-' . wp_date( 'Y-m-d' ) . '.csv"' );
		$out = fopen( 'php://output', 'w' ); // phpcs:ignore WordPress.WP.AlternativeFunctions.file_system_operations_fopen
		fwrite( $out, "\xEF\xBB\xBF" ); // phpcs:ignore WordPress.WP.AlternativeFunctions.file_system_operations_fwrite -- lets spreadsheets read UTF-8.
		self::line( $out, array_values( self::columns() ) );
		$after = 0;
		do {
			$rows = Wcflow_People::walk( Wcflow_Customers_Table::query_args(), $after, self::STEP );
			foreach ( $rows as $row ) {
				$after = max( $after, (int) $row['person'] );
				self::line( $out, self::values( new Wcflow_Card( $row ) ) );
			}
			flush();
		} while ( $rows );
		fclose( $out ); // phpcs:ignore WordPress.WP.AlternativeFunctions.file_system_operations_fclose
		exit;
	}

	/**
	 * Return the columns of the file.
	 *
	 * @return array
	 */
	private static function columns() {
		return array(
			'name'          => __( 'Name', 'wcflow-companion' ),
			'email'         => __( 'Email', 'wcflow-companion' ),
			'company'       => __( 'Company', 'wcflow-companion' ),
			'segment'       => __( 'Segment', 'wcflow-companion' ),
			'segment_since' => __( 'Segment since', 'wcflow-companion' ),
			'tags'          => __( 'Tags', 'wcflow-companion' ),
			'groups'        => __( 'Groups', 'wcflow-companion' ),
			'status'        => __( 'Status', 'wcflow-companion' ),
			'tier'          => __( 'Tier', 'wcflow-companion' ),
			'points'        => __( 'Points', 'wcflow-companion' ),
			'orders'        => __( 'Orders', 'wcflow-companion' ),
			'spent'         => __( 'Total spent', 'wcflow-companion' ),
			'currency'      => __( 'Currency', 'wcflow-companion' ),
			'last_order'    => __( 'Last order', 'wcflow-companion' ),
		);
	}

	/**
	 * Return the values of one customer.
	 *
	 * @param Wcflow_Card $card Person.
	 * @return string[]
	 */
	private static function values( $card ) {
		$values = array();
		foreach ( array_keys( self::columns() ) as $column ) {
			if ( 'tags' === $column || 'groups' === $column ) {
				$values[] = implode( ', ', $card->words( $column ) );
			} elseif ( in_array( $column, array( 'segment_since', 'last_order' ), true ) ) {
				$stamp    = Wcflow_Html::stamp( $card->text( $column ) );
				$values[] = $stamp ? wp_date( 'Y-m-d', $stamp ) : '';
			} else {
				$values[] = $card->text( $column );
			}
		}
		return $values;
	}

	/**
	 * Write one line. Values that a spreadsheet would take for a formula get an apostrophe.
	 *
	 * @param resource $out    Output.
	 * @param string[] $values Values.
	 */
	private static function line( $out, $values ) {
		foreach ( $values as &$value ) {
			$value = (string) $value;
			if ( '' !== $value && ! is_numeric( $value ) && false !== strpos( "=+-@\t\r", $value[0] ) ) {
				$value = "'" . $value;
			}
		}
		unset( $value );
		fputcsv( $out, $values, ',', '"', '' ); // phpcs:ignore WordPress.WP.AlternativeFunctions.file_system_operations_fputcsv
	}
}
